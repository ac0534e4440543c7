"""Scanning for personal data: Presidio's findings to the last digit, sound answers to odd input, no value shown."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import random
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.core.errors import SourceError
from agents.tools.privacy import gates, scan_table, scan_text, secrets_in
from agents.tools.privacy.gates import findings
from agents.tools.privacy.ids_world import KINDS
from agents.tools.privacy.recognizers import recognizers
from tests.evals.privacy_world import world

ALPHABET = "0123456789 -.:/@+()aAbBxXkKſKéß٣５＋－_\n\u200b#,;'\"%€"


@pytest.fixture(scope="module")
def presidio() -> Any:
    recognizers()
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    models = [{"lang_code": "en", "model_name": ""}]
    return AnalyzerEngine(nlp_engine=NoOpNlpEngine(models=models), supported_languages=["en"])


def theirs(presidio: Any, text: str) -> list[tuple[int, int, str, float]]:
    return [(r.start, r.end, r.entity_type, r.score) for r in presidio.analyze(text, "en")]


def alike(presidio: Any, cells: list[str]) -> None:
    found = findings(pa.array(cells, pa.large_string()))
    for place, cell in enumerate(cells):
        assert theirs(presidio, cell) == [tuple(span) for span in found.get(place, [])], repr(cell)


def test_real_cells_give_what_presidio_gives(presidio: Any) -> None:
    table, _ = world(12, 5)
    cells = {str(cell) for name in table.schema.names for cell in table[name].to_pylist() if cell is not None}
    cells |= {
        "4900948022576220",
        "192.168.0.1:80",
        "::1/128",
        "DE89 3704 0044 0532 0130 00 2 days",
        "2020-01-02 08:00:11",
    }
    cells |= {
        "call 650-253-0000 x123 or +44 (0)20 7946 0018",
        "AB:CD:EF:01:23:45",
        "müller@straße.de",
        "bc1q" + "a" * 38,
    }
    assert len(cells) > gates.FEW
    alike(presidio, sorted(cells))


pieces = st.one_of(
    st.text(ALPHABET, max_size=24),
    st.from_regex(r"\A[0-9]{4,20}\Z"),
    st.from_regex(r"\A\+?[0-9]{1,3}[ .-]\(?[0-9]{2,4}\)?[ .-][0-9]{3,4}[ .-]?[0-9]{3,4}\Z"),
    st.from_regex(r"\A[A-Z]{1,2}[0-9]{5,9}[A-Z]?\Z"),
    st.from_regex(r"\A[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}\Z"),
    st.sampled_from(["a@b.de", "http://x.io/a", "1.2.3.4", "fe80::1", "GB82WEST12345698765432", "12-Jan-2020"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(lambda a, b, c: a + b + c, pieces, st.sampled_from(["", " ", ",", "é"]), pieces),
        min_size=6,
        max_size=6,
    )
)
def test_random_cells_give_what_presidio_gives(presidio: Any, cells: list[str]) -> None:
    # Long enough together for the gates to be used, and once more one by one without them.
    padding = [f"pad {number}" for number in range(gates.FEW)]
    alike(presidio, [*cells, *padding])
    alike(presidio, cells)


def test_every_kind_of_column_is_read_or_passed_over() -> None:
    mail = "jo@example.com"
    table = pa.table(
        {
            "empty": pa.nulls(3),
            "bytes": pa.array([mail.encode(), b"\xff\xfe", None]),
            "list": pa.array([[mail], None, []]),
            "record": pa.array([{"who": {"mail": mail}}] * 3),
            "category": pa.array([mail] * 3).dictionary_encode(),
            "day": pa.array([dt.date(2020, 1, 1)] * 3),
            "moment": pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)] * 3),
            "flag": pa.array([True, None, False]),
            "float": pa.array([4111111111111111.0, float("nan"), 4012888888881881.0]),
            "decimal": pa.array([decimal.Decimal("4111111111111111.00")] * 3),
            "huge": pa.array([2**63] * 3, pa.uint64()),
            "hidden": pa.array(["jo@exam\u200bple.com", "\x00\x01", ""]),
        }
    )
    found = scan_table(table)
    assert found.rows == 3
    assert {name: column.type for name, column in found.personal.items()} == {
        **dict.fromkeys(("bytes", "list", "record", "category", "hidden"), "EMAIL_ADDRESS"),
        **dict.fromkeys(("float", "decimal"), "CREDIT_CARD"),
    }
    assert scan_table(table.slice(0, 0)).personal == {}


def test_a_person_has_the_last_word() -> None:
    table = pa.table({"mail": ["jo@example.com"] * 3, "code": ["x1", "x2", "x3"]})
    found = scan_table(table, hints={"mail": "none", "code": "PERSON"}).columns
    assert not found["mail"].pii
    assert (found["code"].type, found["code"].confidence) == ("PERSON", 1.0)


def test_numbers_that_count_up_are_no_ids_and_an_opaque_name_hides_none() -> None:
    dice = random.Random(4)
    people = [f"{dice.randrange(101, 640)}-{dice.randrange(11, 99)}-{dice.randrange(1000, 9999)}" for _ in range(399)]
    table = pa.table({"order_id": [f"412-07-{n:04d}" for n in range(1, 400)], "x1": people})
    found = scan_table(table).columns
    assert not found["order_id"].pii
    assert found["x1"].type == "US_SSN"


def test_one_in_two_hundred_is_found_and_batches_change_nothing() -> None:
    notes = [f"Parcel {n} late." if n % 200 else f"Write to jo{n}@example.com." for n in range(2_000)]
    table = pa.table({"notes": notes})
    whole = scan_table(table).columns["notes"]
    pieces = scan_table(pa.concat_tables([table.slice(n, 100) for n in range(0, 2_000, 100)])).columns["notes"]
    assert whole == pieces
    assert (whole.type, round(whole.share, 4)) == ("EMAIL_ADDRESS", 0.005)


def test_examples_show_shapes_and_never_a_value() -> None:
    column = scan_table(pa.table({"c": ["Zoë.Quill77@example.com", "mark@example.org"]})).columns["c"]
    assert column.examples_masked == ("Xxx.Xxxxx99@xxxxxxx.xxx", "xxxx@xxxxxxx.xxx")
    assert "Quill" not in repr(column)


def test_texts_are_read_at_their_own_places() -> None:
    texts = [
        "",
        "call ２１２-５５５-２３６８ now",
        "hid\u200bden jo@exam\u200bple.com",
        "\ud83d",
        "born 12.03.1971 in Graz",
    ]
    spans = scan_text(texts)
    assert [[(texts[i][s.start : s.end], s.type) for s in listed] for i, listed in enumerate(spans)] == [
        [],
        [("２１２-５５５-２３６８", "PHONE_NUMBER")],
        [("jo@exam\u200bple.com", "EMAIL_ADDRESS")],
        [],
        [("12.03.1971", "DATE_OF_BIRTH")],
    ]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("4242424242424242", "CREDIT_CARD"),
        ("4222222222222", ""),  # passes the check, but cards of thirteen digits are of the past
        ("card 4222222222222", "CREDIT_CARD"),
        ("5000000000000009", ""),  # passes the check; no network issues such numbers
        ("Q123-4567-8901", "US_DRIVER_LICENSE"),
        ("Q123456789012", "US_DRIVER_LICENSE"),
        ("Q202401311159", ""),  # a code made of a day and an hour
        ("4.179.140.124", "IP_ADDRESS"),
        ("4.17.14.124", ""),
        ("(07104) 47460", "PHONE_NUMBER"),
        ("12041987", ""),
    ],
)
def test_a_cell_alone_is_told_by_what_is_issued_in_that_form(cell: str, kind: str) -> None:
    (spans,) = scan_text([cell])
    assert [span.type for span in spans if span.type != "DATE_OF_BIRTH"] == ([kind] if kind else [])


def test_ids_in_texts_and_lists_tell_a_column_and_pieces_of_codes_tell_none() -> None:
    plain = "the unit was moved after a check and set back"
    table = pa.table(
        {
            "obs": [f"{plain}, CPF 111.444.777-35" if n % 40 == 1 else plain for n in range(200)],
            "tags": [["vip", f"+49 30 12{n:05d}"] for n in range(200)],
            "dsn": [f"postgresql://svc:Qw{n:04d}zz@db.example.com:5432/app" for n in range(200)],
            "uuid": ["GB82WEST-1234-5698-7654-32abcdef0123"] * 200,
            "rc": [f"{780123 + 100 * (n % 3)}/{3540 + n * 11}" for n in range(200)],
        }
    )
    found = scan_table(table).columns
    assert {name: column.type for name, column in found.items()} == {
        "obs": "BR_CPF",
        "tags": "PHONE_NUMBER",
        "dsn": "CONNECTION_STRING",
        "uuid": "",
        "rc": "",
    }


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("CZ_BIRTH_NUMBER", "780123/3540"),
        ("BG_EGN", "7523169263"),
        ("EE_PERSONAL_CODE", "37605030299"),
        ("GR_AMKA", "01013099997"),
        ("HU_TAJ", "111 111 110"),
        ("IL_ID_NUMBER", "039337423"),
    ],
)
def test_national_ids_pass_their_check_and_their_neighbours_do_not(kind: str, number: str) -> None:
    known = next(found for found in KINDS if found.type == kind)
    plain = "".join(character for character in number if character.isdigit())
    assert known.fits(plain)
    assert not known.fits(plain[:-1] + str((int(plain[-1]) + 1) % 10))


def test_an_extension_belongs_to_its_number() -> None:
    (spans,) = scan_text(["Desk: +1-903-140-4508x769 until noon"])
    assert [(span.type, span.start, span.end) for span in spans] == [("PHONE_NUMBER", 6, 25)]


def test_a_very_long_text_is_read_to_its_end() -> None:
    text = "the quick brown fox " * 20_000 + "mail jo@example.com" + " a.a" * 5_000
    (spans,) = scan_text([text])
    assert [text[s.start : s.end] for s in spans] == ["jo@example.com"]


def test_secrets_are_known_by_their_form_and_their_names_are_none() -> None:
    key = "gh" + "p_" + "a1B2" * 9
    text = f"token {key}\nsqlserver://app:Zq9pass@db.example.com/x\n-----BEGIN RSA PRIVATE KEY-----\nMII\n"
    assert [span.type for span in secrets_in(text)] == ["API_KEY", "CONNECTION_STRING", "PRIVATE_KEY"]
    assert secrets_in("the api_key is in the vault; password_reset = true; https://example.com/a@b") == []
    table = pa.table({"log": ["started", f"using {key}", "done"] * 5})
    assert scan_table(table).columns["log"].type == "API_KEY"


def test_the_command_prints_the_contract(tmp_path: Path) -> None:
    pq.write_table(pa.table({"email": ["jo@example.com", "al@example.org"], "n": [1, 2]}), tmp_path / "t.parquet")
    adp = [str(Path(sys.executable).parent / "adp"), "privacy"]
    done = subprocess.run([*adp, "scan", "t.parquet", "--json"], cwd=tmp_path, capture_output=True, check=True)
    columns = json.loads(done.stdout)["columns"]
    assert columns["email"] | {"reason": ""} == {
        "pii": True,
        "type": "EMAIL_ADDRESS",
        "confidence": columns["email"]["confidence"],
        "share": 1.0,
        "examples_masked": ["xx@xxxxxxx.xxx"],
        "reason": "",
    }
    assert not columns["n"]["pii"]
    texts = b"mail jo@example.com\n\n\xff 10.20.30.40"
    done = subprocess.run([*adp, "text", "--json"], input=texts, capture_output=True, check=True)
    assert [[span["type"] for span in line["spans"]] for line in json.loads(done.stdout)] == [
        ["EMAIL_ADDRESS"],
        [],
        ["IP_ADDRESS"],
    ]


def test_a_row_that_cannot_be_read_is_said_so_without_the_row(tmp_path: Path) -> None:
    # Far enough down that opening the file does not meet it.
    rows = "Ann,plain words\n" * 100_000
    (tmp_path / "t.csv").write_text(f"name,note\n{rows}Zebulon,of,Zaragoza\n")
    data = pads.dataset(tmp_path / "t.csv", format="csv")
    with pytest.raises(SourceError) as refused:
        scan_table(data)
    assert "Zebulon" not in "".join(traceback.format_exception(refused.value))
