"""Files as people hand them over, to `profile`, `scan` and `cells`: read as they are meant, or told what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from agents.core.errors import SourceError
from agents.tools.privacy import scan_table
from platform_defs.cli import app
from platform_defs.table_files import open_file

PEOPLE = (
    "id,name,mail\n1,Jérôme Müller,jerome@example.com\n2,Zoë Schäfer,zoe@example.org\n3,Renée Häußler,r@example.net\n"
)
COMMANDS = ("profile", "scan", "cells")


def adp(command: str, file: Path) -> Result:
    given = {
        "profile": ["quality", "profile", str(file), "--json"],
        "scan": ["privacy", "scan", str(file), "--json"],
        "cells": ["quality", "cells", "-i", str(file), "-o", str(file.with_name("flagged.out"))],
    }[command]
    return CliRunner().invoke(app, given)


def answer(command: str, file: Path) -> tuple[dict[str, Any], str]:
    told = adp(command, file)
    assert told.exit_code == 0, told.exception
    return json.loads(told.stdout), told.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("encoding", "said", "assumed"),
    [
        ("latin-1", "Windows-1252", True),
        ("cp1252", "Windows-1252", True),
        ("utf-16", "UTF-16", False),
        ("utf-16-le", "UTF-16-LE", True),
    ],
)
def test_what_is_not_utf8_is_read_and_said(
    tmp_path: Path, command: str, encoding: str, said: str, assumed: bool
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding=encoding)
    found, spoken = answer(command, file)
    assert said in spoken
    assert ("assumed" in spoken) == assumed
    assert (found["file"]["encoding"], found["file"]["encoding_assumed"]) == (said, assumed)
    if command == "scan":
        assert found["columns"]["name"]["type"] == "PERSON"
        assert found["columns"]["mail"]["pii"]
    if command == "profile":
        assert found["columns"]["name"]["type"] == "string"


@pytest.mark.parametrize("command", COMMANDS)
def test_plain_files_need_no_words(tmp_path: Path, command: str) -> None:
    file = tmp_path / "people.csv"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text(PEOPLE, encoding=encoding)
        found, spoken = answer(command, file)
        assert "file" not in found
        assert not [line for line in spoken.splitlines() if "people.csv" in line]


def test_a_damaged_byte_does_not_change_the_encoding_of_all_others(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(PEOPLE.encode() + b"4,J\xffrg,j@example.com\n")
    found, spoken = answer("scan", file)
    assert "1 bytes of it are not UTF-8" in spoken
    assert found["columns"]["name"]["type"] == "PERSON"
    assert found["file"]["damaged_bytes"] == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_the_delimiter_is_found_and_said(tmp_path: Path, command: str, mark: str, word: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE.replace(",", mark))
    found, spoken = answer(command, file)
    assert word in spoken
    assert found["file"]["delimiter"] == mark
    if command != "cells":
        assert list(found["columns"]) == ["id", "name", "mail"]


def test_commas_within_the_cells_of_one_column_are_no_columns(tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text('note;n\n"a; b";1\n"c, d, e";2\n')
    assert list(answer("profile", file)[0]["columns"]) == ["note", "n"]


@pytest.mark.parametrize("command", ["profile", "scan"])
def test_columns_get_names_that_differ_and_it_is_said(tmp_path: Path, command: str) -> None:
    file = tmp_path / "f.csv"
    file.write_text("id,id,,\n1,2,x,\n")
    found, spoken = answer(command, file)
    assert list(found["columns"]) == ["id", "id_2", "column_3", "column_4"]
    assert "column 2 has the name of an earlier one" in spoken
    assert "column 3 has no name" in spoken


@pytest.mark.parametrize("command", COMMANDS)
def test_a_cell_of_ten_megabytes_and_cells_over_several_lines_are_read(tmp_path: Path, command: str) -> None:
    file = tmp_path / "f.csv"
    size = 3_000_000 if command == "scan" else 10_000_000  # the scanner takes a second for each
    file.write_text(f'a,b\n1,{"x" * size}\n2,"three\nlines\n"\n')
    found, _ = answer(command, file)
    assert found.get("rows", 2) == 2


def test_types_hold_for_rows_far_behind_the_first(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("a,b,c\n" + f"1,2,{'z' * 60}\n" * 280_000 + "foo,2.5,z\n")
    columns = answer("profile", file)[0]["columns"]
    assert (columns["a"]["type"], columns["b"]["type"]) == ("string", "double")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("text", ['[{"id": 1}, {"id": 2}]', '{"id": 1}\n{"id": 2}\n', '[\n {\n "id": 1}, {"id": 2}]'])
def test_json_is_read_as_lines_and_as_an_array(tmp_path: Path, command: str, text: str) -> None:
    file = tmp_path / "f.json"
    file.write_text(text)
    assert answer(command, file)[0].get("rows", 2) == 2


BAD: list[tuple[str, bytes, str]] = [
    ("f.csv", b"", "the file is empty"),
    ("f.csv", b"a,b\n1,2\n\n1,2,3\n", "line 4: the row has 3 cells, the header has 2"),
    ("f.csv", b'a,b\n1,"x\n2,y\n', "line 2: a quote that opens here is never closed"),
    ("f.csv", b'a,b\n1,2\n1,"x\n2,y",z\n', "lines 3 to 4: the row has 3 cells"),
    ("f.csv", bytes(range(256)) * 20, "binary, no text"),
    ("f.csv", b"PK\x03\x04" + b"\0" * 200, "an Excel workbook or a zip file"),
    ("f.csv", b"PAR1" + b"\0" * 200, "a Parquet file"),
    ("f.json", b"", "the file is empty"),
    ("f.json", b'{"id": 1}\n{"id": 2\n', "line 2: it is no sound JSON"),
    ("f.json", b'[{"id": 1},\n{"id": ]', "line 2: it is no sound JSON"),
    ("f.json", b"[1, 2]", "row 1: there is a value where a row"),
    ("f.json", b'{"id": 1}\n[2]\n', "line 2: there is an array where a row"),
    ("f.parquet", b"no Parquet", "the file is no Parquet file"),
    ("f.parquet", b"PAR1 cut", "damaged or cut off"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("name", "data", "said"), BAD)
def test_what_is_no_table_is_told_with_its_place_and_a_fix(
    tmp_path: Path, command: str, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    told = adp(command, tmp_path / name)
    assert told.exit_code == 1
    assert isinstance(told.exception, SourceError)
    assert said in str(told.exception)
    assert name in told.exception.where
    assert told.exception.fix
    assert told.stdout == ""
    assert not (tmp_path / "flagged.out").exists()


@pytest.mark.parametrize("command", ["profile", "scan"])
def test_a_parquet_file_with_two_columns_of_a_name_is_told(tmp_path: Path, command: str) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["id", "id"]), tmp_path / "f.parquet")
    told = adp(command, tmp_path / "f.parquet")
    assert "share a name: 'id'" in str(told.exception)


def test_a_file_that_is_not_there_is_not_taken_for_a_table(tmp_path: Path) -> None:
    for command in ("profile", "scan"):
        assert "there is no such file" in str(adp(command, tmp_path / "none.csv").exception)


def test_a_repaired_file_keeps_its_delimiter(tmp_path: Path) -> None:
    source, better = tmp_path / "f.csv", tmp_path / "better.csv"
    source.write_text("a;b\n" + "1;x\n" * 5)
    given = ["quality", "cells", "-i", str(source), "-o", str(tmp_path / "o.csv"), "--repaired", str(better)]
    assert CliRunner().invoke(app, given).exit_code == 0
    assert better.read_text() == source.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,val\n1,2\n", "no column timestamp; the header has 'when', 'val'"),
        ("timestamp,value,value\n1,2,3\n", "2 columns called value"),
        ("timestamp,value\nsoon,1\n", "line 2: the cell under timestamp is no time"),
    ],
)
def test_a_series_in_the_wrong_form_is_told_in_words_that_make_sense(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    given = ["quality", "anomalies", "-i", str(tmp_path / "s.csv"), "-o", str(tmp_path / "o.csv")]
    assert said in str(CliRunner().invoke(app, given).exception)


@pytest.mark.parametrize(("encoding", "said"), [("latin-1", "Windows-1252"), ("utf-8", "")])
def test_texts_that_are_not_utf8_are_read_and_it_is_said(encoding: str, said: str) -> None:
    letter = "Sehr geehrte Frau Käthe Schäfer, rufen Sie mich an: müller@example.com"
    told = CliRunner().invoke(app, ["privacy", "text", "--json"], input=letter.encode(encoding))
    assert said in told.stderr
    assert bool(told.stderr) == bool(said)
    spans = json.loads(told.stdout)[0]["spans"]
    assert [letter[span["start"] : span["end"]] for span in spans if span["type"] == "EMAIL_ADDRESS"]


@pytest.mark.parametrize("header", ["id,mail", "id,id", "\n\nid,mail", " id , mail", "id,"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_no_row_is_lost_or_made_of_the_header(tmp_path: Path, header: str, encoding: str) -> None:
    rows = "".join(f"{n},ü{n}@example.com\n" for n in range(12_000))
    (tmp_path / "f.csv").write_text(f"{header}\n{rows}", encoding=encoding)
    found = open_file(tmp_path / "f.csv").data
    assert scan_table(found).rows == 12_000
    table = found if isinstance(found, pa.Table) else found.to_table()
    assert table.column(0).to_pylist() == list(range(12_000))
    assert table.column(1)[0].as_py() == "ü0@example.com"
