"""The smoke test of a release: is what was materialized what dev shows, and does it hold?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SourceError
from agents.core.registry import tool
from agents.tools.session import Session
from agents.tools.specs import entry_of
from resources.orchestrator import ChildRun

# Dev is older or younger than production: fewer rows than this share of dev's are too few.
SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One look at one table. `passed` is None where there was nothing to compare with."""

    asset: str
    check: str
    passed: bool | None
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        return asdict(self)


@tool("releases.smoke", effect="read")
def smoke(session: Session, assets: Sequence[str], child: ChildRun) -> list[Finding]:
    """Rows against dev or the source, schema against dev, the checks of the run, freshness."""
    return [finding for asset in assets for finding in _look(session, asset, child)]


def _look(session: Session, asset: str, child: ChildRun) -> Iterator[Finding]:
    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        yield Finding(asset, "rows", False, "there is no table")
        return
    yield _rows(session, asset, table)
    yield _schema(session, asset, table)
    yield from _checks(asset, table, child)
    yield _fresh(session, asset, table, child)


def _rows(session: Session, asset: str, table: TableId) -> Finding:
    rows, (expected, of) = session.platform.lake.rows(table), _expected(session, asset)
    if expected is None:
        return Finding(asset, "rows", None, f"{rows:,} rows; neither dev nor the source says how many there should be")
    enough = rows >= expected * SHARE and (rows > 0 or expected == 0)
    return Finding(asset, "rows", enough, f"{rows:,} rows, {of} has {expected:,}")


def _expected(session: Session, asset: str) -> tuple[int | None, str]:
    lake, dev = session.platform.lake, _dev(session, asset)
    if lake.exists(dev):
        return lake.rows(dev), "dev"
    source = entry_of(session, asset).get("source") or {}
    try:
        found = session.platform.sources.table(source["connection"], source["table"]) if source else None
    except SourceError:
        found = None
    return (found.rows if found else None), "the source"


def _schema(session: Session, asset: str, table: TableId) -> Finding:
    lake, dev = session.platform.lake, _dev(session, asset)
    if not lake.exists(dev):
        return Finding(asset, "schema", None, "dev has no such table to compare with")
    wanted = {field.name: str(field.type) for field in lake.schema(dev)}
    there = {field.name: str(field.type) for field in lake.schema(table)}
    differing = {name: kind for name, kind in wanted.items() if there.get(name) != kind}
    wrong = [f"{name} is {there.get(name, 'missing')}, in dev {kind}" for name, kind in differing.items()]
    return Finding(asset, "schema", not wrong, "; ".join(wrong) or f"{len(wanted)} columns as in dev")


def _checks(asset: str, table: TableId, child: ChildRun) -> Iterator[Finding]:
    left = child.tables.get(table)
    checks = left.checks if left else ()
    failed = [check for check in checks if not check.passed]
    held = f"{len(checks) - len(failed)} of {len(checks)} hold"
    serious = [check for check in failed if check.severity != "WARN"]
    if not serious:
        yield Finding(asset, "checks", True if checks else None, held if checks else "no rule says what should hold")
    for check in failed:
        yield Finding(asset, f"check {check.name}", check not in serious, check.description)


def _fresh(session: Session, asset: str, table: TableId, child: ChildRun) -> Finding:
    left = child.tables.get(table)
    if left is None or not left.metadata:
        return Finding(asset, "freshness", False, "the run did not refresh it")
    hours = entry_of(session, asset).get("freshness_hours")
    written = session.platform.lake.history(table, 1)[0].get("timestamp")
    if not hours or written is None:
        return Finding(asset, "freshness", True, "refreshed by this release")
    age = (datetime.now(UTC).timestamp() - int(written) / 1000) / 3600
    return Finding(asset, "freshness", age <= float(hours), f"{age:.1f} hours old, may be {hours}")


def _dev(session: Session, asset: str) -> TableId:
    return session.table(asset)._replace(environment="dev")
