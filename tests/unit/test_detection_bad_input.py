"""Tables nobody would make on purpose get a sound verdict or a clear error."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from agents.core.errors import SourceError
from agents.tools.detection import detect, repaired
from platform_defs.cells import read_csv
from platform_defs.cli import app

TEN_MB = 10_000_000


def cells(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["quality", "cells", *map(str, arguments)])


TABLES = {
    "no columns": pa.table({}),
    "no rows": pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.int64())}),
    "nothing but nulls": pa.table({"a": pa.nulls(200), "b": pa.array([None] * 200, pa.string())}),
    "one value": pa.table({"a": ["x"] * 200}),
    "names twice": pa.table([pa.array(["a", "b"] * 100), pa.array(["1", "2"] * 100)], names=["c", "c"]),
    "nested": pa.table({"list": [[1, 2]] * 200, "struct": [{"a": 1}] * 200}),
    "odd numbers": pa.table({"f": [float("nan"), float("inf"), -float("inf"), 1.5] * 50}),
    "last day": pa.table({"t": pa.array([253402300799] * 200, pa.timestamp("s"))}),
    "bytes": pa.table({"b": [b"\xff\xfe\x00"] * 200}),
    "dictionary": pa.table({"d": pa.array(["x", "y"] * 100).dictionary_encode()}),
    "long cells": pa.table({"a": ["x" * TEN_MB, "y" * TEN_MB, *(["z"] * 100)]}),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_odd_tables_have_no_findings_and_stay_as_they_are(name: str) -> None:
    table = TABLES[name]
    findings = detect(table)
    assert len(findings) == 0
    assert findings.rows == table.num_rows
    assert repaired(table, findings).schema == table.schema


def test_two_thousand_columns_are_looked_at() -> None:
    rng = Random(5)
    table = {f"c{n}": [rng.choice(("alpha", "beta", "gamma")) for _ in range(100)] for n in range(2000)}
    table["c1500"][40] = "gammma"
    assert [(c.row, c.column, c.repair) for c in detect(pa.table(table))] == [(40, "c1500", "gamma")]


def test_columns_of_one_name_are_told_apart_by_their_place() -> None:
    left = ["alpha", "beta"] * 100
    left[3] = "betta"
    findings = detect(pa.table([pa.array(["x", "y"] * 100), pa.array(left)], names=["c", "c"]))
    assert [(cell.place, findings.label(cell), cell.repair) for cell in findings] == [(1, "1", "beta")]


def test_a_cell_longer_than_what_is_looked_at_is_never_rewritten() -> None:
    long = "word " * 1000
    table = pa.table({"text": [f"{long}{n}" for n in range(150)], "n": [str(n % 3) for n in range(150)]})
    assert repaired(table, detect(table)).equals(table)


def test_the_command_writes_what_the_contract_says(tmp_path: Path) -> None:
    source, flagged, better = (tmp_path / name for name in ("dirty.csv", "flagged.csv", "better.csv"))
    rows = [[f"{n}", "helsinki" if n % 2 else "montevideo", "" if n % 3 else "12"] for n in range(200)]
    rows[4][1], rows[5][2] = "montevidxo", "N/A"
    source.write_text("no,city,size\n" + "".join(",".join(row) + "\n" for row in rows))
    told = cells("--input", source, "--output", flagged, "--repaired", better)
    assert told.exit_code == 0
    assert json.loads(told.stdout) == {"rows": 200, "flagged": 2, "repairs_proposed": 2, "repairs_made": 1}
    with flagged.open() as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["row_index", "column", "repair", "confidence", "reason"]
    assert [(f["row_index"], f["column"], f["repair"]) for f in found] == [
        ("4", "city", "montevideo"),
        ("5", "size", "__EMPTY__"),
    ]
    rows[4][1] = "montevideo"
    with better.open() as file:
        assert list(csv.reader(file)) == [["no", "city", "size"], *rows]


def test_a_file_that_is_not_utf8_is_read_and_its_damage_found(tmp_path: Path) -> None:
    file, flagged = tmp_path / "latin.csv", tmp_path / "flagged.csv"
    file.write_bytes(b"n,name\n" + b"".join(b"%d,Rene\n" % n for n in range(100)) + b"100,Ren\xe9\n")
    assert cells("--input", file, "--output", flagged).exit_code == 0
    assert [row["row_index"] for row in csv.DictReader(flagged.open())] == ["100"]


def test_utf16_and_marks_at_the_start_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-8-sig"):
        (tmp_path / "f.csv").write_text("a,b\n1,é\n", encoding=encoding)
        assert read_csv(tmp_path / "f.csv").to_pylist() == [{"a": "1", "b": "é"}]


def test_a_header_alone_gives_a_header_alone(tmp_path: Path) -> None:
    file, flagged, better = (tmp_path / name for name in ("in.csv", "out.csv", "better.csv"))
    file.write_text("a,b\n")
    assert cells("--input", file, "--output", flagged, "--repaired", better).exit_code == 0
    assert flagged.read_text() == "row_index,column,repair,confidence,reason\n"
    assert better.read_text() == "a,b\n"


@pytest.mark.parametrize(
    ("body", "says"), [(b"", "empty"), (b"a,b\n1,2\n1,2,3\n", "line 3: the row has 3 cells, the header has 2")]
)
def test_what_is_no_table_is_refused(tmp_path: Path, body: bytes, says: str) -> None:
    (tmp_path / "f.csv").write_bytes(body)
    with pytest.raises(SourceError, match=says):
        read_csv(tmp_path / "f.csv")


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_csv(tmp_path / "none.csv")
    (tmp_path / "f.csv").write_text("a\n1\n")
    failed = cells("--input", tmp_path / "f.csv", "--output", tmp_path / "no folder" / "out.csv")
    assert isinstance(failed.exception, SourceError)
    assert "cannot be written" in str(failed.exception)


def test_a_cell_of_ten_megabytes_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(f"a,b\n1,{'x' * TEN_MB}\n")
    assert len(read_csv(tmp_path / "f.csv").column("b")[0].as_py()) == TEN_MB
