"""One person: found by a keyed hash however the identifier is spelled, and erased from every table and version."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, GoalError
from agents.core.subject import Subject, parse_subject
from agents.tools.governing.following import columns_of, not_followed, require_columns
from agents.tools.governing.subjects import export_subject, find_subject, hasher
from tests.unit.governance_stage import Stage

CLIENTS, ORDERS = TableId("dev", "bronze", "clients"), TableId("dev", "bronze", "orders")
NOTES, HELD = TableId("dev", "silver", "notes"), TableId("dev", "quarantine", "bronze_clients")
LOG = TableId("dev", "quarantine", "bronze_clients.log")
ADA, BOB = "ada.lovelace@example.com", "bob@example.com"
PRODUCT = """
    - name: clients
      layer: bronze
      source: {connection: shop, table: clients}
      %s
    - name: emails
      layer: gold
      sql: SELECT upper(email) AS contact FROM bronze.clients
    - name: clients
      layer: masked
      masked: {source: bronze/clients, columns: {email: {method: hash}}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.platform.keys.create()
    made.deployment.product(PRODUCT % "")
    lake = made.platform.lake
    clients = {"id": [1, 2], "email": [ADA, BOB], "phone": [442071234567, None], "card": ["4111 1111 1111 1111", None]}
    lake.append(CLIENTS, pa.table(clients), marks={"watermark": "9"})
    lake.append(CLIENTS, pa.table({"id": [3], "email": [BOB]}))
    lake.append(ORDERS, pa.table({"order": [10, 11, 12], "client_id": [1, 2, 1], "id": [5, 1, 2]}))
    lake.append(NOTES, pa.table({"text": ["call ada.lovelace@example.com.", "nothing", None], "n": [1, 2, 3]}))
    lake.append(HELD, pa.table({"_rule": ["r", "r"], "row": [json.dumps({"email": ADA.upper()}), '{"email": "x"}']}))
    old, new = json.dumps({"email": "ada.lovelace@exmaple.com"}), json.dumps({"email": ADA})
    log = {"row": [old, '{"email": "y"}'], "after": [new, None], "_why": [f"like {ADA}", None]}
    lake.append(LOG, pa.table(log))
    made.platform.cold.append(CLIENTS, pa.table({"id": [7], "email": [ADA]}))
    made.run("dev/gold/emails", "dev/masked/clients")
    return made


def ada(stage: Stage) -> Subject:
    return hasher(stage.platform).subject(f"  {ADA.upper()} ")


def tables(stage: Stage, subject: Subject) -> dict[str, int]:
    return {place.table: place.rows for place in find_subject(stage.platform, "dev", subject)}


def test_a_person_is_found_in_tables_quarantine_archive_and_texts(stage: Stage) -> None:
    assert tables(stage, ada(stage)) == {
        "bronze/clients": 1,
        "gold/emails": 1,
        "quarantine/bronze_clients": 1,
        "quarantine/bronze_clients.log": 1,
        "cold/bronze/clients": 1,
        "silver/notes": 0,
    }


@pytest.mark.parametrize("said", ["+44 (20) 7123-4567", "4111-1111-1111-1111", "４１１１ 1111 1111 1111"])
def test_spelling_does_not_count(stage: Stage, said: str) -> None:
    assert tables(stage, hasher(stage.platform).subject(said)) == {"bronze/clients": 1}


def test_the_number_of_the_person_is_followed_where_that_is_asked_for(stage: Stage) -> None:
    stage.platform.lake.append(TableId("dev", "silver", "visits"), pa.table({"id": [1, 2, 1]}))
    found = find_subject(stage.platform, "dev", ada(stage), ["id"])
    assert {place.table: place.rows for place in found}["silver/visits"] == 2


def test_an_export_holds_the_rows_of_the_person_alone(stage: Stage) -> None:
    rows = dict(export_subject(stage.platform, "dev", ada(stage)))
    assert [row["id"] for row in rows["bronze/clients"]] == [1]


def test_erasing_waits_for_people(stage: Stage) -> None:
    with pytest.raises(ApprovalRequired):
        stage.act("erase", subject=str(ada(stage)), assets=["bronze/clients"])
    assert stage.platform.lake.rows(CLIENTS) == 3


def test_an_erased_person_is_in_no_table_text_archive_or_file(stage: Stage) -> None:
    asked = [*sorted(tables(stage, ada(stage))), "masked/clients"]
    out = stage.act("erase", approved=True, subject=str(ada(stage)), assets=asked)
    assert tables(stage, ada(stage)) == {}
    assert all(proof["clean"] for proof in out["proof"])
    assert stage.platform.lake.read(NOTES).read_all().column("text").to_pylist() == ["call [erased].", "nothing", None]
    assert stage.platform.lake.rows(CLIENTS) == 2
    assert stage.platform.lake.rows(TableId("dev", "masked", "clients")) == 2, "its row in the masked view is gone too"
    assert stage.platform.lake.marks(CLIENTS)["watermark"] == "9"
    for root in (*stage.platform.settings.lake_roots.values(), stage.platform.settings.lake_cold):
        files = [path for path in Path(root).rglob("*") if path.is_file()]
        assert not any(ADA.encode() in path.read_bytes() for path in files)
    assert ADA not in str(out)
    assert not any(ADA in str(entry) for entry in stage.ledger.entries)


def test_who_is_in_the_log_of_repairs_alone_is_erased_with_the_table(stage: Stage) -> None:
    grace = "grace.hopper@example.com"
    row = json.dumps({"email": grace})
    stage.platform.lake.append(LOG, pa.table({"row": [row], "after": [row], "_why": [f"{grace} is a typo"]}))
    who = hasher(stage.platform).subject(grace)
    assert tables(stage, who) == {"quarantine/bronze_clients.log": 1}
    out = stage.act("erase", approved=True, subject=str(who), assets=["bronze/clients"])
    assert tables(stage, who) == {}
    assert {proof["table"]: proof["rows"] for proof in out["proof"]}["quarantine/bronze_clients.log"] == 2
    folder = Path(stage.platform.lake.uri(LOG))
    assert not any(grace.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_legal_hold_keeps_the_person_and_the_report_says_so(stage: Stage) -> None:
    stage.deployment.product(PRODUCT % "retention: {column: id, keep_days: 10, hold: true}")
    out = stage.act("erase", approved=True, subject=str(ada(stage)), assets=sorted(tables(stage, ada(stage))))
    assert stage.platform.lake.rows(CLIENTS) == 3
    assert "bronze/clients" in out["kept_by_hold"]
    assert "legal hold" in " ".join(out["told"])


def test_a_value_is_no_subject(stage: Stage) -> None:
    with pytest.raises(GoalError, match="never the value"):
        parse_subject(ADA)
    with pytest.raises(GoalError, match="three characters"):
        hasher(stage.platform).subject(" a ")


def test_tables_that_the_persons_number_leads_to_are_named_and_strange_columns_refused(stage: Stage) -> None:
    stage.deployment.product(PRODUCT % "key: [id]")
    found = find_subject(stage.platform, "dev", ada(stage))
    columns = columns_of(stage.platform, "dev")
    told = not_followed(stage.platform, "dev", found, columns, ())
    assert told == {"id": ["bronze/orders"]}, "views of the table itself are found anyway"
    assert not_followed(stage.platform, "dev", found, columns, ["id"]) == {}
    with pytest.raises(GoalError, match="no table of dev has a column 'clientid'") as caught:
        require_columns(columns, ["clientid"], "dev")
    assert "did you mean client_id?" in str(caught.value)
