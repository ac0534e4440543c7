"""The asset `platform/specs`: says in the UI which product files were left out, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from agents.core.errors import SpecError
from assets.kinds.keys import SPECS_ASSET

CHECK = "every_product_loads"


def specs_definitions(problems: Sequence[SpecError]) -> dg.Definitions:
    """The asset with its check, which fails while a product file is broken."""
    text = described(problems)
    spec = dg.AssetSpec(
        SPECS_ASSET,
        group_name="platform",
        description=text,
        metadata={"broken files": len(problems)},
        kinds={"yaml"},
    )

    @dg.asset_check(asset=SPECS_ASSET, name=CHECK, description="Every defs.yaml is read and holds together.")
    def every_product_loads() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=not problems, metadata=_metadata(problems))

    return dg.Definitions(assets=[spec], asset_checks=[every_product_loads])


def health_event(problems: Sequence[SpecError]) -> dg.AssetCheckEvaluation:
    """The check's result without a run, for a sensor to report when the specs were reloaded."""
    return dg.AssetCheckEvaluation(
        asset_key=SPECS_ASSET, check_name=CHECK, passed=not problems, metadata=_metadata(problems)
    )


def described(problems: Sequence[SpecError]) -> str:
    """Markdown: what is wrong, where, and the fix."""
    if not problems:
        return "Every product file is loaded."
    return "\n".join([f"**{len(problems)} product files are left out:**", "", *_lines(problems)])


def _lines(problems: Sequence[SpecError]) -> Iterator[str]:
    for problem in problems:
        fix = f" Fix: {problem.fix}." if problem.fix else ""
        yield f"- `{problem.where}` {problem.what}.{fix}"


def _metadata(problems: Sequence[SpecError]) -> dict[str, Any]:
    return {"broken files": len(problems), "problems": dg.MetadataValue.md(described(problems))}
