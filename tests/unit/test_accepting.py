"""Repairs that wait for people: what is accepted is what was seen, cell by cell, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import GoalError
from agents.roles.quality import repairs
from agents.tools.proposing import Waiting, review, waiting
from agents.tools.replaying import declared
from agents.tools.session import Session
from assets.kinds.judging import Sieve, quarantining
from assets.kinds.proposals import SETS, keep, names_of, proposed, sets
from assets.kinds.quarantine import quarantined, sweep
from resources.platform import Platform
from tests.unit.test_roles import Stage

T = TableId("dev", "silver", "trips")
PRODUCT = """
- name: trips
  layer: silver
  sql: SELECT 1 AS n
  key: [id]
  %s
"""
IN_SET = (
    "{type: expect_column_values_to_be_in_set, kwargs: {column: town, value_set: [%s]}, meta: {action: quarantine}}"
)
CITIES = ["helsinki", "montevideo", "ljubljana", "reykjavik"]


@dataclass
class Approved:
    """An agent at work whose calls people approved: what is asked here is what the tools do then."""

    session: Session
    environment: str = "dev"
    asked: list[Any] = field(default_factory=list[Any])

    def call(self, tool: Any, **inputs: Any) -> Any:
        """Run the tool; a goal that it submits is kept."""
        if tool.name == "goals.submit":
            self.asked.append(inputs)
            return "G-000009"
        return tool.run(self.session, **inputs)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.deployment.product(PRODUCT % "", "trips")
    stage.platform.lake.append(T, rows())
    return stage


def rows(first: int = 0, wrong: bool = True) -> pa.Table:
    towns = [CITIES[n % 4] for n in range(400)]
    paid: list[float] = [n % 50 + 1.0 for n in range(400)]
    if wrong:
        towns[8], towns[13], paid[20], paid[30] = "helsinkki", "montevidxo", -5.0, -7.0
    return pa.table({"id": [first + n for n in range(400)], "town": towns, "paid": paid})


def mend(stage: Stage) -> tuple[dict[str, Any], list[Any]]:
    work = Approved(Session(stage.platform, stage.dagster, "dev", "G-000001", "quality"))
    out: Any = repairs.repair(work, "silver/trips")  # type: ignore[arg-type]
    return out, work.asked


def accept(stage: Stage, **inputs: Any) -> dict[str, Any]:
    work = Approved(Session(stage.platform, stage.dagster, "dev", "G-000001", "quality"))
    return dict(repairs.accept(work, "silver/trips", **inputs))  # type: ignore[arg-type]


def cell(platform: Platform, key: int, column: str) -> Any:
    found = {row["id"]: row for row in platform.lake.read(T).read_all().to_pylist()}
    return found[key][column]


def test_what_people_see_is_what_is_asked_and_what_is_made(stage: Stage) -> None:
    out, asked = mend(stage)
    step = asked[0]["steps"][0]
    seen = review(stage.platform, T, waiting(stage.platform, T))
    assert step[2]["proposals"] == out["repair"]["waiting"] == seen["proposals"]
    assert step[2]["cells"] == out["repair"]["asked"] == seen["cells"]
    assert sum(one["cells"] for one in seen["kinds"]) == sum(seen["cells"].values()) == 4
    assert "helsinkki" not in json.dumps(seen)
    done = accept(stage, **{name: value for name, value in step[2].items() if name != "asset"})
    assert done["accept"] == {
        "proposals": seen["proposals"],
        "cells": seen["cells"],
        "rows": 4,
        "rows_repaired": 4,
        "rows_landed": 0,
        "rows_changed_since": 0,
        "rows_kept": 0,
    }
    assert [cell(stage.platform, 8, "town"), cell(stage.platform, 20, "paid")] == ["helsinki", 5.0]
    assert "4 rows repaired" in done["told"][0]
    assert len(done["told"]) == 1
    assert undone(stage) == {"rows_undone": 4, "rows_changed_since": 0}
    assert cell(stage.platform, 8, "town") == "helsinkki"
    with pytest.raises(GoalError, match="no proposals"):
        accept(stage, proposals=seen["proposals"])


def undone(stage: Stage) -> dict[str, int]:
    work = Approved(Session(stage.platform, stage.dagster, "dev", "G-000001", "quality"))
    return dict(repairs.undo(work, "silver/trips"))["undo"]  # type: ignore[arg-type]


def test_rows_that_changed_since_stay_and_what_nobody_saw_is_not_repaired(stage: Stage) -> None:
    out, _ = mend(stage)
    changed = rows().to_pylist()
    changed[8]["paid"] = 1000.0
    changed[50]["town"] = "reykjavjk"
    stage.platform.lake.overwrite(T, pa.Table.from_pylist(changed))
    done = accept(stage, proposals=out["repair"]["waiting"], cells=out["repair"]["asked"])
    assert (done["accept"]["rows_repaired"], done["accept"]["rows_changed_since"]) == (3, 1)
    assert "1 changed since and stay" in done["told"][0]
    assert cell(stage.platform, 8, "town") == "helsinkki"
    assert cell(stage.platform, 50, "town") == "reykjavjk"
    assert cell(stage.platform, 13, "town") == "montevideo"


def test_a_part_is_chosen_by_column_kind_or_confidence_and_the_rest_goes_on_waiting(stage: Stage) -> None:
    name = mend(stage)[0]["repair"]["waiting"]
    assert accept(stage, proposals=name, columns=["paid"], kind="NEGATIVE")["accept"]["cells"] == {"paid": 2}
    assert cell(stage.platform, 20, "paid") == 5.0
    assert cell(stage.platform, 8, "town") == "helsinkki"
    assert waiting(stage.platform, T, name).asked == {"town": 2}
    with pytest.raises(GoalError, match="is so"):
        accept(stage, proposals=name, at_least=0.999)
    with pytest.raises(GoalError, match="is so"):
        accept(stage, proposals=name, columns=["paid"])


def test_a_set_that_is_not_kept_is_refused_whatever_is_newer(stage: Stage) -> None:
    mend(stage)
    with pytest.raises(GoalError, match="P-000000000000"):
        accept(stage, proposals="P-000000000000")
    assert cell(stage.platform, 8, "town") == "helsinkki"


def test_the_same_proposals_are_one_set_and_old_sets_go(stage: Stage) -> None:
    lake, work = stage.platform.lake, Session(stage.platform, stage.dagster, "dev", "G-000001", "quality")
    first = mend(stage)[0]["repair"]["waiting"]
    assert mend(stage)[0]["repair"]["waiting"] == first
    found = proposed(lake, T, first)
    for number in range(SETS):
        some = [one.__class__(f"t:{number}:1", one.before, one.after, *_rest(one)) for one in found]
        keep(lake, T, some, "run", datetime.now(UTC), work.agent)
    assert len(sets(lake, T)) == SETS
    assert proposed(lake, T, first) == []


def _rest(one: Any) -> tuple[Any, ...]:
    return one.column, one.kind, one.reason, one.confidence


def test_equal_rows_have_names_of_their_own() -> None:
    assert len(set(names_of(["a", "b", "a"]))) == 3
    assert names_of(["a", "b", "a"])[0] == names_of(["a"])[0]
    assert Waiting("P-1", ()).asked == {}


def test_a_repair_that_a_blocking_rule_forbids_is_taken_back_and_waits_on(stage: Stage) -> None:
    block = "{type: expect_column_values_to_be_between, kwargs: {column: paid, max_value: 0}, meta: {action: block}}"
    name = mend(stage)[0]["repair"]["waiting"]
    stage.deployment.product(PRODUCT % f"rules: [{block}]", "trips")
    done = accept(stage, proposals=name)
    assert "taken back" in done["told"][0]
    assert cell(stage.platform, 8, "town") == "helsinkki"
    assert waiting(stage.platform, T, name).rows == 4


def test_rows_of_quarantine_are_repaired_as_seen_and_no_other_row_lands(stage: Stage) -> None:
    def ruled(*towns: str) -> None:
        stage.deployment.product(PRODUCT % f"rules: [{IN_SET % ', '.join(towns)}]", "trips")

    ruled("helsinki", "montevideo", "ljubljana")
    split = Sieve(quarantining(declared(stage.platform, T).rules), str(T), datetime.now(UTC)).split
    sweep(stage.platform.lake, T, split, "run", datetime.now(UTC))
    assert quarantined(stage.platform.lake, T) == 102
    name = mend(stage)[0]["repair"]["waiting"]
    ruled(*CITIES)
    done = accept(stage, proposals=name, columns=["town"])["accept"]
    assert (done["rows"], done["rows_landed"], done["rows_kept"]) == (2, 2, 0)
    assert cell(stage.platform, 8, "town") == "helsinki"
    assert quarantined(stage.platform.lake, T) == 100, "rows that would pass were not accepted by anybody"
