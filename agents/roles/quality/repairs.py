"""What the data quality agent does to rows: repairs them, brings them back from quarantine, takes repairs back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.core.gate import Work
from agents.core.registry import Agent
from agents.tools import asking, proposing, ready, repairing, replaying


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
    if done["waiting"]:
        columns = _columns(done["asked"])
        inputs = {"asset": asset, "proposals": done["waiting"], "cells": done["asked"]}
        goal = work.call(
            ready.submit,
            text=f"Repairs {done['waiting']} of {asset} that are likely, not proven: {columns}",
            steps=[("quality", "accept", inputs)],
            key=f"{ready.AUTOMATION}repairs:{work.environment}/{asset}:{datetime.now(UTC):%Y-%m-%d}:{done['waiting']}",
        )
        look = f"look at them: `adp quality proposals {asset}{_there(work.environment)}`"
        told.append(f"`{asset}`: further repairs of {columns} are for people to decide, in {goal}; {look}")
        set_of = {"proposals": done["waiting"]}
        if said := work.call(asking.have_asked, asset=asset, action="explain", inputs=set_of, once=done["waiting"]):
            told.append(f"`{asset}`: {said}")
    return {"dataset": asset, "repair": done, "replay": done["replay"], "told": told}


def accept(
    work: Work,
    asset: str,
    proposals: str,
    cells: Mapping[str, int] | None = None,
    columns: Sequence[str] = (),
    kind: str = "",
    at_least: float = 0.0,
) -> Mapping[str, Any]:
    """Make repairs that people approved: those of the named set, or of these columns, this kind, this confidence in it.

    `cells` is what they saw: how many cells of which columns.
    """
    done = work.call(
        proposing.accept, asset=asset, proposals=proposals, columns=columns, kind=kind, at_least=at_least
    ).to_json()
    told = [_decided(asset, done)]
    if cells is not None and dict(cells) != done["cells"]:
        told.append(f"`{asset}`: people saw {_columns(cells)}; what is missing was erased, or decided before")
    return {"dataset": asset, "accept": done, "told": told}


def undo(work: Work, asset: str) -> Mapping[str, Any]:
    """Take the last repair back."""
    done = work.call(repairing.undo, asset=asset)
    told = f"`{asset}`: {done['rows_undone']:,} rows are as they were before the last repair"
    if not any(done.values()):
        told = f"`{asset}`: no repair of it is left to take back"
    told += f"; {done['rows_changed_since']:,} changed since and stay" if done["rows_changed_since"] else ""
    return {"dataset": asset, "undo": done, "told": [told]}


def replay(work: Work, asset: str) -> Mapping[str, Any]:
    """Land the rows in quarantine that pass the table's rules now."""
    done = work.call(replaying.replay_rows, asset=asset)
    out = {"dataset": asset, "replay": done.to_json(), "held": work.call(replaying.held, asset=asset)}
    if done.refused or done.done.rows_landed or done.done.rows_superseded:
        return out
    return {**out, "told": [f"`{asset}`: no row can come back from quarantine; {done.done.rows_kept:,} stay"]}


def _columns(cells: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in cells.items())


def _there(environment: str) -> str:
    return "" if environment == "dev" else f" -e {environment}"


def _decided(asset: str, done: Mapping[str, Any]) -> str:
    seen = f"`{asset}`: {done['proposals']}, {_columns(done['cells'])} in {done['rows']:,} rows"
    if done.get("failed"):
        return f"{seen}: taken back, {', '.join(done['failed'])} would fail; {done['back']}"
    told = f"{seen}: {done['rows_repaired']:,} rows repaired, {done['rows_landed']:,} came back from quarantine"
    told += f", {done['rows_kept']:,} stay there" if done["rows_kept"] else ""
    return told + (f"; {done['rows_changed_since']:,} changed since and stay" if done["rows_changed_since"] else "")


def _words(asset: str, done: Mapping[str, Any]) -> str:
    if done.get("failed"):
        return f"`{asset}`: repairs were taken back, {', '.join(done['failed'])} would fail; {done['back']}"
    flagged = ", ".join(f"{name} {count:,}" for name, count in done["cells"].items()) or "none"
    told = f"`{asset}`: {done['rows_repaired']:,} of {done['rows_looked_at']:,} rows repaired"
    told += f", {done['replay']['rows_landed']:,} came back from quarantine; cells that look wrong: {flagged}"
    return told + (f"; {done['rows_left']:,} further rows are for the next repair" if done.get("rows_left") else "")
