"""What the data quality agent does to rows: repairs them, brings them back from quarantine, takes repairs back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agents.core.gate import Work
from agents.core.registry import Agent
from agents.tools import ready, repairing, replaying


def register(quality: Agent) -> None:
    """Add the actions to the quality agent."""
    quality.action("repair", effects=("write_spec", "write_data"))(repair)
    quality.action("accept", effects=("write_data", "delete"))(accept)
    quality.action("undo", effects=("write_data",))(undo)
    quality.action("replay", effects=("write_data",))(replay)


def repair(work: Work, asset: str) -> Mapping[str, Any]:
    """Make the repairs that are proven; ask people about those that are likely; what is only wrong is said."""
    done = work.call(repairing.mend, asset=asset).to_json()
    told = [_words(asset, done)]
    if done["asked"]:
        columns = ", ".join(f"{name} ({count})" for name, count in done["asked"].items())
        goal = work.call(
            ready.submit,
            text=f"Repairs of {asset} that are likely, not proven: {columns}",
            steps=[("quality", "accept", {"asset": asset, "at_least": repairing.WORTH_ASKING, "cells": done["asked"]})],
            key=f"{ready.AUTOMATION}repairs:{work.environment}/{asset}:{datetime.now(UTC):%Y-%m-%d}:{columns}",
        )
        told.append(f"`{asset}`: further repairs of {columns} are for people to decide, in {goal}")
    return {"dataset": asset, "repair": done, "replay": done["replay"], "told": told}


def accept(
    work: Work, asset: str, at_least: float = repairing.WORTH_ASKING, cells: Mapping[str, int] | None = None
) -> Mapping[str, Any]:
    """Make repairs that people approved; `cells` is what they saw: how many cells of which columns."""
    done = work.call(repairing.accept, asset=asset, at_least=at_least).to_json()
    return {"dataset": asset, "repair": done, "replay": done["replay"], "told": [_words(asset, done)]}


def undo(work: Work, asset: str) -> Mapping[str, Any]:
    """Take the last repair back."""
    done = work.call(repairing.undo, asset=asset)
    told = f"`{asset}`: {done['rows_undone']:,} rows are as they were before the last repair"
    told += f"; {done['rows_changed_since']:,} changed since and stay" if done["rows_changed_since"] else ""
    return {"dataset": asset, "undo": done, "told": [told]}


def replay(work: Work, asset: str) -> Mapping[str, Any]:
    """Land the rows in quarantine that pass the table's rules now."""
    done = work.call(replaying.replay_rows, asset=asset)
    out = {"dataset": asset, "replay": done.to_json(), "held": work.call(replaying.held, asset=asset)}
    if done.refused or done.done.rows_landed or done.done.rows_superseded:
        return out
    return {**out, "told": [f"`{asset}`: no row can come back from quarantine; {done.done.rows_kept:,} stay"]}


def _words(asset: str, done: Mapping[str, Any]) -> str:
    if done.get("failed"):
        return f"`{asset}`: repairs were taken back, {', '.join(done['failed'])} would fail; {done['back']}"
    flagged = ", ".join(f"{name} {count:,}" for name, count in done["cells"].items()) or "none"
    told = f"`{asset}`: {done['rows_repaired']:,} rows repaired, {done['replay']['rows_landed']:,} came back"
    return f"{told} from quarantine; cells that look wrong: {flagged}"
