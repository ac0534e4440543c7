"""Quarantine and log hold whole rows: they are treated as the personal data of their table."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from agents.roles.supervisor import plan_goal
from agents.tools import personal_data
from agents.tools.governing.classification import scan
from assets.kinds.transform import query
from resources.lake import Lake
from resources.platform import Platform
from tests.unit.product_runs import Deployment, python_package
from tests.unit.test_read_inputs import PYTHON, SPECS
from tests.unit.test_roles import Stage

HELD = TableId("dev", "quarantine", "bronze_people")
LOG = HELD._replace(name="bronze_people.log")


def lines(count: int = 40) -> list[str]:
    return [json.dumps({"id": n, "mail": f"jo{n}@example.com", "city": "Bonn"}) for n in range(count)]


@pytest.mark.parametrize(
    ("place", "rows"),
    [
        (HELD, {"row": lines(), "_rule": ["r"] * 40}),
        (LOG, {"row": ["{}"] * 39 + ["no json"], "after": [*lines(39), None]}),
    ],
)
def test_a_scan_finds_what_the_columns_of_the_rows_hold(
    tmp_path: Path, place: TableId, rows: dict[str, list[str]]
) -> None:
    stage = Stage(tmp_path)
    stage.platform.lake.append(place, pa.table(rows))
    work = stage.work("governance")
    found = work.call(personal_data.scan, asset=place.asset).columns
    assert {name: column.type for name, column in found.items() if column.pii} == {"mail": "EMAIL_ADDRESS"}
    assert set(work.call(scan, asset=place.asset).personal) == {"mail"}


def test_sql_sees_why_rows_are_held_and_never_the_rows(tmp_path: Path) -> None:
    lake = Lake({"dev": str(tmp_path)})
    lake.append(HELD, pa.table({"row": lines(2), "_rule": ["a", "a"], "_reason": ["x", "x"], "_watermark": ["1", "2"]}))
    with query(lake, "SELECT _rule, count(*) AS n FROM quarantine.bronze_people GROUP BY 1", [HELD], "t") as rows:
        assert rows.read_all().to_pylist() == [{"_rule": "a", "n": 2}]
    with query(lake, "SELECT * FROM quarantine.bronze_people", [HELD], "t") as rows:
        assert rows.schema.names == ["_rule", "_reason"]
    for sql in ('SELECT "row" FROM quarantine.bronze_people', "SELECT _watermark FROM quarantine__bronze_people"):
        with pytest.raises(SpecError), query(lake, sql, [HELD], "t") as rows:
            rows.read_all()


def test_an_asset_that_reads_a_quarantine_reads_personal_data(tmp_path: Path) -> None:
    source = PYTHON.format(name="bad", source="people").replace('"silver", "people"', '"quarantine", "silver_people"')
    with python_package(tmp_path, bad=source.replace('["city"]', '["_rule"]')) as package:
        deployment = Deployment(tmp_path, package)
        deployment.product(SPECS)
        platform = Platform.of(deployment.settings, {})
        place = TableId("dev", "quarantine", "silver_people")
        platform.lake.append(place, pa.table({"_rule": ["r"], "row": ['{"email": "a@x.org"}']}))
        assert deployment.run("dev/gold/bad").success
    (record,) = platform.ledger.records(kind="read")
    assert (record.entry.subject, record.entry.facts["columns"]) == (str(place), ["email", "phone"])


def test_goals_name_tables_and_not_what_lies_beside_them(tmp_path: Path) -> None:
    platform = Stage(tmp_path).platform
    table = TableId("dev", "bronze", "people")
    for place in (table, HELD, LOG):
        platform.lake.append(place, pa.table({"id": [1], "row": ["{}"]}))
    assert set(platform.catalog().lake) == {"bronze/people"}
    assert plan_goal("Check the quality of bronze/people and repair it", platform.catalog()).steps[0].inputs == {
        "asset": "bronze/people"
    }
