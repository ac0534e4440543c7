"""Values of columns that hold personal data stay in the lake: nothing that quality work leaves behind holds one."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.tools import quality
from assets.kinds.rules.masking import shown
from platform_defs.profiling import profile_target
from tests.unit.product_runs import Run
from tests.unit.test_roles import AGENTS, Stage

NAMES = ("Zyxwina", "Qwertolf", "Mirabolt", "Fontaney")
PLANTED = re.compile(
    r"Zyxwin|Qwertolf|Mirabolt|Fontaney|canary|778000\d|999000111|2977-07|77123456789|Birdopolis", re.I
)
SPEC = """
- name: people
  layer: bronze
  key: [id]
  source: {connection: shop, table: people}
  columns:
    email: {pii: EMAIL_ADDRESS}
    given: {pii: PERSON}
    ssn: {pii: US_SSN}
    city: {pii: LOCATION}
    born: {pii: DATE_OF_BIRTH}
    salary: {pii: SALARY}
  rules:
    - {type: expect_column_values_to_be_between, kwargs: {column: ssn, min_value: 1, max_value: 2}}
    - {type: expect_column_values_to_be_in_set, kwargs: {column: given, value_set: [x]}, meta: {action: alert}}
    - {type: expect_column_max_to_be_between, kwargs: {column: born, max_value: "2001-01-01"}, meta: {action: alert}}
    - type: unexpected_rows_expectation
      kwargs: {unexpected_rows_query: "SELECT * FROM {batch} WHERE city <> 'x' LIMIT 3"}
      meta: {action: alert}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as db:
        kinds = "email TEXT, given TEXT, ssn INTEGER, city TEXT, born DATE, salary REAL"
        db.execute(f"CREATE TABLE people (id INTEGER PRIMARY KEY, {kinds})")
        for n in range(600):
            given = "Zyxwinna" if n in (30, 31) else NAMES[n % 4]
            email = "broken.canary" if n == 61 else f"canary{n}@canary.example"
            city = "Canarham" if n == 60 else ("Canaryham", "Birdopolis")[n % 2]
            born = "2977-07-07" if n == 63 else f"19{60 + n % 30}-0{1 + n % 9}-11"
            ssn, salary = 9990001112223 if n == 62 else 778000000 + n, 77123456789.0 if n == 64 else 4000.25 + n
            db.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)", (n, email, given, ssn, city, born, salary))
    db.close()
    made.platform.store.create_goal("look at people", "dev", "ada@example.com")
    made.deployment.product(SPEC, "shop")
    return made


def act(stage: Stage, action: str) -> dict[str, Any]:
    doing = stage.work("quality").doing("s1", action, AGENTS["quality"].effects[action])
    return dict(AGENTS["quality"].actions[action](doing, asset="bronze/people"))


def said(run: Run) -> str:
    return "\n".join(f"{event.message} {event.event_specific_data}" for event in run.result.all_events)


def test_no_value_of_a_person_is_in_outputs_events_spec_or_ledger(stage: Stage) -> None:
    left = {"first run": said(stage.deployment.run("dev/bronze/people"))}
    for action in ("profile", "validate", "repair", "contract", "replay", "undo"):
        left[action] = json.dumps(act(stage, action), default=str)
    left["second run"] = said(stage.deployment.run("dev/bronze/people"))
    left["detect"] = json.dumps(stage.work("quality").call(quality.detect, asset="bronze/people").to_json())
    left["spec"] = stage.platform.specs.path("shop").read_text()
    left["ledger"] = "\n".join(str(record.entry) for record in stage.platform.ledger.records())
    left["shown"] = str(stage.dagster.observed)
    assert {name: found[0] for name, text in left.items() if (found := PLANTED.findall(text))} == {}
    assert "examples" in left["second run"], "there are examples, by their form"


def test_a_profile_on_the_command_line_shows_no_value_of_a_person(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.deployment.run("dev/bronze/people").success
    settings = stage.platform.settings
    for name, value in {"STATE": settings.state_dir, "SPECS": settings.specs_dir}.items():
        monkeypatch.setenv(f"ADP_{name}", str(value))
    monkeypatch.setenv("ADP_LAKE_DEV", settings.lake_roots["dev"])
    table = stage.platform.lake.read(TableId("dev", "bronze", "people")).read_all()
    lines = [json.dumps({"given": row["given"], "ssn": row["ssn"]}) for row in table.to_pylist()]
    stage.platform.lake.append(TableId("dev", "quarantine", "bronze_people"), pa.table({"row": lines}))
    notes: list[str] = []
    for asset in ("bronze/people", "quarantine/bronze_people"):
        found = profile_target(asset, "dev", tmp_path, notes.append)
        assert found["columns"]["given"]["distinct"] >= 4
        assert not PLANTED.search(json.dumps(found, default=str))


@pytest.mark.parametrize(
    ("value", "seen"), [(778000123, "999999999"), (-42.5, "-42.5"), (123456, "123456"), (0.12345678, "0.12345678")]
)
def test_numbers_that_could_name_a_person_are_shown_by_their_form(value: float, seen: str) -> None:
    assert shown(value, category=False) == seen


def test_rules_of_a_table_that_nobody_scanned_list_no_people_and_no_secrets(stage: Stage) -> None:
    names, keys = (
        ("Anna Berg", "Piotr Nowak", "Maria Garcia"),
        ("ghp" + "_" + "aB3dE5gH" * 5, "ghp" + "_" + "zY7xW5vU" * 5),
    )
    with sqlite3.connect(stage.deployment.folder / "shop.db") as db:
        db.execute("CREATE TABLE deals (id INTEGER PRIMARY KEY, owner_name TEXT, setting TEXT, status TEXT)")
        rows = [(n, names[n % 3], keys[n % 2], ("open", "won", "lost")[n % 3]) for n in range(600)]
        db.executemany("INSERT INTO deals VALUES (?, ?, ?, ?)", rows)
    db.close()
    entry = "- {name: deals, layer: bronze, key: [id], source: {connection: shop, table: deals}}"
    stage.deployment.product(entry, "trade")
    assert stage.deployment.run("dev/bronze/deals").success
    found = stage.work("quality").call(quality.propose, asset="bronze/deals")
    listed = {rule.kwargs["column"]: rule.kwargs["value_set"] for rule in found.rules if "value_set" in rule.kwargs}
    assert listed == {"status": ["lost", "open", "won"]}
    assert not re.search("Nowak|Garcia|Berg|ghp_", json.dumps(found.profile, default=str))
