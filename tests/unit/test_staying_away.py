"""Erased people and expired rows stay away: no later load of a source that still has them brings them back."""

from __future__ import annotations

import base64
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, RunFailed
from agents.core.subject import Hasher, canonical, canonical_all
from agents.tools.governing.subjects import find_subject, hasher, kept_away
from assets.kinds.away import Away
from tests.unit.governance_stage import Stage
from tests.unit.product_runs import python_package

ADA, BOB, EVE = "ada.lovelace@example.com", "bob@example.com", "eve@example.com"
TODAY = datetime.now(UTC)
PRODUCT = """
- name: clients
  layer: bronze
  source: {connection: shop, table: clients}
  rules:
    - {type: expect_column_values_to_not_be_null, kwargs: {column: city}, meta: {action: quarantine}}
  %s
- name: visits
  layer: bronze
  source: {connection: shop, table: visits, mode: incremental, watermark: seen_at}
  key: [visit]
- name: emails
  layer: gold
  sql: SELECT upper(email) AS contact FROM bronze.clients
"""
RETENTION = "retention: {column: born_on, keep_days: 30%s}"
PYTHON = """
    import dagster as dg
    import pyarrow as pa

    @dg.asset(key=["dev", "silver", "letters"], io_manager_key="lake_io")
    def letters() -> pa.Table:
        return pa.table({"email": ["ada.lovelace@example.com", "bob@example.com"], "n": [1, 2]})
"""
KEYS = ("rows read", "rows landed", "rows quarantined", "rows of erased people", "rows past retention")


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).strftime("%Y-%m-%d")


class Shop(Stage):
    """A deployment that loads from a shop, which knows nothing of erasures."""

    def sells(self, clients: list[tuple[Any, ...]], visits: list[tuple[Any, ...]]) -> None:
        """What the source has now."""
        with sqlite3.connect(self.deployment.folder / "shop.db") as db:
            for name in ("clients", "visits"):
                db.execute(f"DROP TABLE IF EXISTS {name}")
            db.execute("CREATE TABLE clients (id INTEGER, Email TEXT, city TEXT, born_on TEXT)")
            db.execute("CREATE TABLE visits (visit INTEGER, id INTEGER, email TEXT, seen_at TEXT)")
            db.executemany("INSERT INTO clients VALUES (?, ?, ?, ?)", clients)
            db.executemany("INSERT INTO visits VALUES (?, ?, ?, ?)", visits)
        db.close()

    def declare(self, more: str = "") -> None:
        """The specs, with more said of the table of clients."""
        self.deployment.product(PRODUCT % more)

    def load(self, name: str = "bronze/clients") -> dict[str, int]:
        """Refresh a table; its numbers, which add up."""
        shown = self.run(f"dev/{name}").metadata[f"dev/{name}"]
        numbers = {key: int(shown[key]) for key in KEYS if key in shown}
        read = numbers.pop("rows read")
        assert read == sum(numbers.values())
        return {"rows read": read, **numbers}

    def erase(self, who: str, **more: Any) -> dict[str, Any]:
        """Approved."""
        found = find_subject(self.platform, "dev", self.subject(who), more.get("follow", ()))
        assets = [place.table for place in found]
        return self.act("erase", approved=True, subject=str(self.subject(who)), assets=assets, **more)

    def subject(self, who: str) -> Any:
        """By its hash."""
        return hasher(self.platform).subject(who)

    def emails(self, name: str = "clients") -> list[str]:
        """Who is in a table."""
        rows = self.deployment.table(f"bronze/{name}")
        column = next(each for each in rows.column_names if each.casefold() == "email")
        return sorted(rows.column(column).to_pylist())


CLIENTS = [(1, ADA, "London", days_ago(50)), (2, BOB, "Bonn", days_ago(2)), (3, f" {ADA.upper()}", None, days_ago(40))]
VISITS = [(1, 1, ADA, days_ago(9)), (2, 2, BOB, days_ago(8))]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.declare()
    made.sells(CLIENTS, VISITS)
    made.run("dev/bronze/clients", "dev/bronze/visits")
    made.run("dev/gold/emails")
    return made


def test_an_erased_person_is_not_in_the_next_full_load_nor_in_any_file(shop: Shop) -> None:
    shop.erase(ADA)
    assert shop.load() == {"rows read": 3, "rows landed": 1, "rows quarantined": 0, "rows of erased people": 2}
    assert shop.emails() == [BOB]
    shop.run("dev/gold/emails")
    assert find_subject(shop.platform, "dev", shop.subject(ADA)) == []
    for root in (*shop.platform.settings.lake_roots.values(), str(shop.platform.settings.state_dir)):
        files = [path for path in Path(root).rglob("*") if path.is_file()]
        assert not any(ADA.encode() in path.read_bytes().lower() for path in files)


def test_other_tables_with_the_column_keep_the_person_out_too(shop: Shop) -> None:
    shop.erase(ADA)
    shop.sells(CLIENTS, [*VISITS, (3, 1, ADA.title(), days_ago(1)), (4, 2, BOB, days_ago(1)), (5, 3, EVE, days_ago(1))])
    assert shop.load("bronze/visits")["rows of erased people"] == 1
    assert shop.emails("visits") == [BOB, BOB, EVE]


def test_what_is_kept_of_the_person_are_hashes_columns_and_the_request(shop: Shop) -> None:
    shop.erase(ADA)
    kept = shop.platform.erasures.of("dev")
    assert {each.column.casefold() for each in kept} == {"email", "contact"}
    assert {(each.subject, each.request) for each in kept} == {(str(shop.subject(ADA)), "AR-000001")}
    assert ADA not in repr(kept)


def test_a_number_that_was_followed_is_kept_out_in_its_column(shop: Shop) -> None:
    shop.erase(ADA, follow=["id"])
    shop.sells([(1, "new@example.com", "London", days_ago(1)), CLIENTS[1]], VISITS)
    assert shop.load()["rows of erased people"] == 1
    assert shop.emails() == [BOB]


def test_an_erasure_that_died_half_way_lets_nobody_back_and_goes_on(shop: Shop) -> None:
    subject = str(shop.subject(ADA))
    with pytest.raises(RunFailed, match="still there"):  # its visits were not approved: as a kill between two tables
        shop.act("erase", approved=True, subject=subject, assets=["bronze/clients", "gold/emails"], follow=["id"])
    assert shop.load()["rows of erased people"] == 2
    shop.erase(ADA, follow=["id"])
    assert shop.emails("visits") == [BOB]


def test_who_wants_to_come_back_is_let_in_by_an_approved_request_alone(shop: Shop) -> None:
    shop.erase(ADA)
    people = kept_away(shop.platform, "dev", ADA.upper())
    with pytest.raises(ApprovalRequired):
        shop.act("allow", people=people)
    assert shop.load()["rows of erased people"] == 2
    out = shop.act("allow", approved=True, people=people)
    assert "may land again" in out["told"][0]
    assert shop.load()["rows landed"] == 2
    said = [record.entry.what for record in shop.platform.ledger.records(subject=people[0])]
    assert said[-2:] == ["erased: rows do not land again", "may come back"]
    assert kept_away(shop.platform, "dev", ADA) == []


def test_under_a_legal_hold_everything_lands(shop: Shop) -> None:
    shop.declare(RETENTION % ", hold: true")
    shop.erase(ADA)
    assert shop.emails() == [ADA, BOB]
    assert "rows of erased people" not in shop.load()
    shop.declare()
    assert shop.load()["rows of erased people"] == 2, "the hold has ended"


def replace_key(shop: Shop, *, keep: bool) -> None:
    path = shop.platform.settings.keys_dir / "encryption.key"
    former = path.read_text()
    fresh = base64.urlsafe_b64encode(os.urandom(32)).decode()
    path.write_text(f"{fresh}\n{former}" if keep else fresh)


def test_a_replaced_key_keeps_out_whom_the_former_one_erased(shop: Shop) -> None:
    shop.erase(ADA)
    replace_key(shop, keep=True)
    assert shop.load()["rows of erased people"] == 2
    assert kept_away(shop.platform, "dev", ADA)


def test_a_lost_key_stops_loads_with_these_columns_until_people_give_it_up(shop: Shop) -> None:
    shop.erase(ADA)
    replace_key(shop, keep=False)
    failed = shop.deployment.run("dev/bronze/clients")
    assert not failed.success
    assert "belong to a former key" in str(failed.failures)
    out = shop.act("allow", approved=True)
    assert "their key is gone" in out["told"][0]
    assert shop.load()["rows landed"] == 2


def test_rows_that_people_let_go_do_not_land_again(shop: Shop) -> None:
    shop.declare(RETENTION % "")
    assert shop.load()["rows landed"] == 2, "nothing leaves, and nothing is kept out, before people approved"
    shop.act("expire", approved=True, asset="bronze/clients", before=days_ago(30))
    for _ in range(2):
        done = shop.load()
        assert done == {"rows read": 3, "rows landed": 1, "rows quarantined": 0, "rows past retention": 2}
    assert shop.emails() == [BOB]
    assert shop.act("expire", approved=True, asset="bronze/clients", before=days_ago(30))["archived"] == 0


def test_rows_come_back_when_they_may_be_kept_longer_or_a_hold_is_on_them(shop: Shop) -> None:
    shop.declare(RETENTION % "")
    shop.act("expire", approved=True, asset="bronze/clients", before=days_ago(30))
    shop.declare((RETENTION % "").replace("30", "45"))
    assert shop.load()["rows past retention"] == 1
    shop.declare(RETENTION % ", hold: true")
    assert shop.load()["rows landed"] == 2


def test_a_sql_table_with_a_retention_of_its_own_keeps_them_out_too(shop: Shop) -> None:
    added = "- name: towns\n  layer: gold\n  sql: SELECT city, born_on FROM bronze.clients\n  "
    shop.deployment.product(PRODUCT % "" + added + RETENTION % "" + "\n")
    assert shop.load("gold/towns")["rows landed"] == 2
    shop.act("expire", approved=True, asset="gold/towns", before=days_ago(30))
    assert shop.load("gold/towns") == {
        "rows read": 2,
        "rows landed": 1,
        "rows quarantined": 0,
        "rows past retention": 1,
    }


def test_an_asset_in_python_that_reads_a_source_on_its_own_does_not_bring_people_back(shop: Shop) -> None:
    shop.erase(ADA)
    with python_package(shop.deployment.folder, letters=PYTHON) as package:
        shop.deployment.package = package
        assert shop.load("silver/letters")["rows of erased people"] == 1
    assert shop.platform.lake.rows(TableId("dev", "silver", "letters")) == 1


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.date32(), pa.timestamp("us"), pa.timestamp("ms", "Europe/Berlin")]
)
def test_age_is_read_from_every_type_that_says_one(kind: pa.DataType) -> None:
    days = pa.array(["2020-01-01", "2024-06-01", None, "2020-01-02"], pa.string())
    days = days.cast(pa.timestamp("us")).cast(kind) if pa.types.is_timestamp(kind) else days.cast(kind)
    away = Away(column="at", before="2020-01-02")
    left = away.without(pa.RecordBatch.from_arrays([days, pa.array([1, 2, 3, 4])], names=["At", "n"]))
    assert (left.column("n").to_pylist(), away.expired, away.erased) == ([2, 3, 4], 1, 0)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([442071234567, 5, None]),
        pa.array([442071234567.0, 0.5, None]),
        pa.array(["+44 (20) 7123-4567", "x\n", None]),
        pa.array(["+44 (20) 7123-4567", "x", None]).dictionary_encode(),
        pa.array([442071234567, 5, None], pa.decimal128(20, 0)),
    ],
)
def test_identifiers_are_known_in_every_type_that_can_hold_them(column: pa.Array) -> None:
    hashing = Hasher(b"k" * 32)
    away = Away({"phone": [(hashing, frozenset({hashing.subject("+44 20 7123 4567").hash}))]})
    left = away.without(pa.RecordBatch.from_arrays([column, pa.array([1, 2, 3])], names=["Phone", "n"]))
    assert (left.column("n").to_pylist(), away.erased) == ([2, 3], 1)


def test_a_whole_column_is_spelled_as_its_cells_are_one_by_one() -> None:
    words = [ADA.title(), "  A  b ", "", "4111-1111", "12 34-5.6", "x/1", "ａｄａ", "a\nb", "STRASSE", "straße", "-5"]
    words += ["a\x1fb", "ab 12-34/56", "\t"]
    assert canonical_all(words) == [canonical(word) for word in words]
    plain = [word for word in words if word.isascii() and word.isprintable()]
    assert canonical_all(plain) == [canonical(word) for word in plain]
    assert canonical_all([]) == []


LETTER = "Dear all, {} moved; write to Bob (bob@example.com)."
LETTERS = """
- name: letters
  layer: bronze
  source: {connection: shop, table: letters}
  key: [id]
"""


def write_letters(shop: Shop, *texts: str | None) -> None:
    """The source's letters, and the table that loads them."""
    with sqlite3.connect(shop.deployment.folder / "shop.db") as db:
        db.execute("DROP TABLE IF EXISTS letters")
        db.execute("CREATE TABLE letters (id TEXT, body TEXT)")
        db.executemany("INSERT INTO letters VALUES (?, ?)", [(f"L-{n}", text) for n, text in enumerate(texts)])
    db.close()
    shop.deployment.product(LETTERS, "post")


def bodies(shop: Shop) -> list[str | None]:
    rows = shop.deployment.table("bronze/letters").to_pylist()
    return [row["body"] for row in sorted(rows, key=lambda row: row["id"])]


def test_a_full_load_does_not_bring_back_what_texts_say_of_an_erased_person(shop: Shop) -> None:
    said = (LETTER.format(ADA), LETTER.format("nobody"), None, f"<{ADA.title()}>: call back", ADA)
    write_letters(shop, *said)
    shop.run("dev/bronze/letters")
    shop.erase(ADA)
    for _ in range(2):
        shown = shop.run("dev/bronze/letters").metadata["dev/bronze/letters"]
        assert (shown["rows read"], shown["rows landed"], shown["rows of erased people"]) == (5, 4, 1)
        assert shown["texts without erased people"] == 2
        assert bodies(shop) == [LETTER.format("[erased]"), said[1], None, "<[erased]>: call back"]
    assert find_subject(shop.platform, "dev", shop.subject(ADA)) == []


def test_names_of_several_words_are_blotted_out_of_texts_too(shop: Shop) -> None:
    write_letters(shop, "met Ada  Lovelace.", "met Ada and Lovelace", "ADA LOVELACE, Bob Lovelace")
    shop.run("dev/bronze/letters")
    shop.erase("Ada Lovelace")
    write_letters(shop, "met Ada  Lovelace.", "met Ada and Lovelace", "ADA LOVELACE, Bob Lovelace", "Ada Lovelace")
    assert shop.run("dev/bronze/letters").metadata["dev/bronze/letters"]["rows of erased people"] == 1
    assert bodies(shop) == ["met [erased].", "met Ada and Lovelace", "[erased], Bob Lovelace"]


def test_a_number_that_was_followed_is_no_word_in_a_text(shop: Shop) -> None:
    write_letters(shop, "order 1 of 2", "room 1")
    shop.run("dev/bronze/letters")
    shop.erase(ADA, follow=["id"])
    shop.run("dev/bronze/letters")
    assert bodies(shop) == ["order 1 of 2", "room 1"]


@given(st.lists(st.sampled_from([ADA, "Ada", "Lovelace", "bob", " ", ", ", ". ", "(", ")", "!", "\n", "+44 20 7123"])))
def test_whole_columns_mention_whom_their_cells_mention_one_by_one(pieces: list[str]) -> None:
    hashing, text = Hasher(b"k" * 32), "".join(pieces)
    for who in (ADA, "Ada Lovelace", "+44 20 7123", "Ada, Lovelace"):
        subject = hashing.subject(who)
        one_by_one = [text] if any(hashing.spans(text, subject)) else []
        assert hashing.mentioned([text], {subject.words: [subject.hash]}) == one_by_one
