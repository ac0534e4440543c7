"""What `adp quality scorecard` and `adp quality confirm` do: read the store's measurements, write a person's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from platform_defs.here import deployed, with_specs
from platform_defs.overruling import check_quiet, product_of
from resources.measurements import KEPT, Measurement
from resources.specs_repo import OVERRIDE


@dataclass(frozen=True, slots=True)
class Card:
    """A table's scorecard in words, and the numbers behind it."""

    text: str
    facts: dict[str, Any]


def card_of(asset: str, environment: str) -> Card:
    """The card of `layer/table`. TableNotFound where it was never refreshed."""
    from assets.kinds.scorecard import scorecard

    layer, _, name = asset.partition("/")
    history = deployed().measurements.history(TableId(environment, layer, name))
    if not history:
        raise TableNotFound(
            f"{asset} has not been measured in {environment}",
            fix="materialize it; adp quality scorecard lists what has been",
        )
    facts = _summary(history[-1]) | {
        "failing": history[-1].facts.get("failing", []),
        "columns": history[-1].facts["columns"],
        "history": [_summary(m) for m in history[-KEPT:]],
    }
    return Card(f"# {asset} ({environment})\n\n{scorecard(history)}", facts)


def overview_of(environment: str) -> list[dict[str, Any]]:
    """Every table's last scores, the worst first."""
    newest = deployed().measurements.newest()
    mine = [_summary(m) for m in newest if m.table.environment == environment]
    return sorted(mine, key=lambda found: found["scores"].get("score", 100.0))


def lines_of(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The overview as lines."""
    for table in found:
        scores = dict(table["scores"])
        overall = scores.pop("score", None)
        told = ", ".join(f"{name} {value:g}" for name, value in scores.items())
        yield f"{'–' if overall is None else f'{overall:5.1f}'}  {table['asset']}  {table['rows']:,} rows: {told}"
        yield from (f"       unusual: {anomaly['reason']}" for anomaly in table["anomalies"])


def confirm_normal(asset: str, quiet: Sequence[str]) -> str:
    """Write into the asset's spec that it is normal now, or which measures are left alone; says where."""
    from agents.tools.pins import validator

    platform = with_specs()
    product, entry = product_of(platform, asset)
    check_quiet(platform, asset, quiet)
    word: dict[str, Any] = dict(entry.get(OVERRIDE) or {})
    if quiet:
        word["quiet"] = list(dict.fromkeys([*word.get("quiet", ()), *quiet]))
    else:
        word["normal_since"] = datetime.now(UTC).isoformat(timespec="seconds")
    commit = platform.specs.override(asset, word, validator(platform, platform.specs, product))
    return f"{platform.specs.path(product)}: {'written' if commit else 'it says so already'}"


def _summary(measurement: Measurement) -> dict[str, Any]:
    facts = measurement.facts
    return {
        "asset": measurement.table.asset,
        "environment": measurement.table.environment,
        "at": datetime.fromtimestamp(measurement.at, UTC).isoformat(timespec="seconds"),
        "run_id": measurement.run_id,
        "rows": facts["rows"],
        "scores": facts.get("scores", {}),
        "refused": facts.get("refused", []),
        "anomalies": measurement.verdict.get("anomalies", []),
    }
