"""Folders of files: what is in them, and what is not sound."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agents.core.errors import ConfigError, SourceError, Unreachable
from resources.sources import Sources


def sources_of(folder: Path, url: str = "drop") -> Sources:
    (folder / "drop").mkdir(exist_ok=True)
    file = folder / "connections.yaml"
    file.write_text(f"connections: [{{name: f, kind: files, url: '{url}'}}]")
    return Sources(file, lambda name: None)


def put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / "drop" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def table_of(sources: Sources, name: str, **read: object) -> pa.Table:
    with sources.read("f", name, **read) as stream:  # type: ignore[arg-type]
        return pa.Table.from_batches(stream, stream.schema)


def test_csv_types_are_those_that_lose_nothing(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.csv",
        "id,plz,rate,day,at,zone,flag,note,big\n"
        '1,01234,1.5,2024-02-29,2024-02-29 10:00:00,2024-01-01T00:00:00Z,true,"a\n""b"",c",1\n'
        '2,99999,2,2024-03-01,2024-03-01 11:00:00.5,2024-01-01T00:00:00+02:00,false,"",12345678901234567890\n'
        "3,,,,,,,,\n",
    )
    sources = sources_of(tmp_path)
    assert sources.catalog().connections["f"].tables["a.csv"].columns == {
        "id": "bigint", "plz": "text", "rate": "double", "day": "date", "at": "timestamp", "zone": "timestamptz",
        "flag": "boolean", "note": "text", "big": "text",
    }  # fmt: skip
    one, two, three = table_of(sources, "a.csv").to_pylist()
    assert (one["plz"], one["note"], one["flag"], one["day"]) == ("01234", 'a\n"b",c', True, date(2024, 2, 29))
    assert (two["at"], two["note"], two["big"]) == (datetime(2024, 3, 1, 11, 0, 0, 500000), "", "12345678901234567890")
    assert two["zone"] == datetime(2023, 12, 31, 22, tzinfo=UTC)
    assert set(three.values()) == {3, None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_encodings_and_separators(tmp_path: Path, encoding: str, mark: str) -> None:
    put(tmp_path, "a.csv", f"name{mark}n\nZoë Müller{mark}1\n".encode(encoding))
    with sources_of(tmp_path).read("f", "a.csv") as stream:
        rows = pa.Table.from_batches(stream, stream.schema).to_pylist()
    assert rows == [{"name": "Zoë Müller", "n": 1}]
    assert bool(stream.warnings) == (encoding == "cp1252")


def test_duplicate_and_empty_headers_get_names(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "a,a,,a\n1,2,3,4\n")
    assert table_of(sources_of(tmp_path), "a.csv").to_pylist() == [{"a": 1, "a_2": 2, "column_3": 3, "a_3": 4}]


def test_a_late_value_changes_the_type_of_all(tmp_path: Path) -> None:
    lines = "".join(f"{n},x\n" for n in range(300_000))
    put(tmp_path, "a.csv", "id,t\n" + lines + "abc,y\n")
    sources = sources_of(tmp_path)
    assert sources.table("f", "a.csv").columns["id"] == "bigint"
    ids = table_of(sources, "a.csv").column("id")
    assert (len(ids), ids[0].as_py(), ids[-1].as_py()) == (300_001, "0", "abc")


def test_cells_of_ten_megabytes_are_read_whole_and_rows_come_once(tmp_path: Path) -> None:
    cells = ["x" * 10_000_000 if row in (3, 150_000) else f"cell {row}" * 4 for row in range(200_000)]
    put(tmp_path, "a.csv", "id,doc\n" + "".join(f"{row},{cell}\n" for row, cell in enumerate(cells)))
    found = table_of(sources_of(tmp_path), "a.csv")
    assert found["id"].to_pylist() == list(range(200_000))
    assert [len(found["doc"][row].as_py()) for row in (3, 150_000)] == [10_000_000] * 2


def test_broken_csv_is_refused_with_the_row(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "a,b\n1,2\n1,2,3\n")
    put(tmp_path, "empty.csv", "")
    put(tmp_path, "header.csv", "a,b\n")
    put(tmp_path, "good.csv", "a\n1\n")
    sources = sources_of(tmp_path)
    with pytest.raises(SourceError, match=r"row 3 has 3 cells, the header 2"):
        table_of(sources, "a.csv")
    with pytest.raises(SourceError, match="no columns"):
        table_of(sources, "empty.csv")
    assert table_of(sources, "header.csv").num_rows == 0
    assert table_of(sources, "good.csv").num_rows == 1
    assert "good.csv" in sources.catalog().connections["f"].tables


def test_json_lines_arrays_and_objects_read_alike(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "x": 1.5, "tags": ["a"], "at": "2024-01-01T00:00:00Z", "mix": 1, "code": "007"},
        {"id": 2, "x": 2, "tags": None, "at": None, "mix": "two", "new": True},
    ]
    put(tmp_path, "lines.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    put(tmp_path, "array.json", json.dumps(rows, indent=2))
    put(tmp_path, "zipped.ndjson.gz", gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    sources = sources_of(tmp_path)
    for name in ("lines.jsonl", "array.json", "zipped.ndjson.gz"):
        one, two = table_of(sources, name).to_pylist()
        assert (one["tags"], one["mix"], one["code"], one["new"]) == ('["a"]', "1", "007", None)
        assert one["at"] == datetime(2024, 1, 1, tzinfo=UTC)
        assert (two["x"], two["mix"], two["new"]) == (2.0, "two", True)


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a"', "[1, 2]", '{"a": 1} nonsense'])
def test_broken_json_is_refused(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.json", text)
    with pytest.raises(SourceError, match=r"a\.json"):
        table_of(sources_of(tmp_path), "a.json")


def test_parquet_and_folders_of_parts(tmp_path: Path) -> None:
    (tmp_path / "drop" / "p").mkdir(parents=True)
    pq.write_table(
        pa.table({"a": pa.array([1], pa.uint32()), "t": pa.array([1], pa.timestamp("ns"))}),
        tmp_path / "drop/p/1.parquet",
    )
    pq.write_table(pa.table({"a": pa.array([2.5]), "b": ["x"]}), tmp_path / "drop/p/2.parquet")
    put(tmp_path, "p/_SUCCESS", "")
    sources = sources_of(tmp_path)
    assert [*sources.catalog().connections["f"].tables] == ["p"]
    table = table_of(sources, "p")
    assert table.column("a").to_pylist() == [1.0, 2.5]
    assert table.column("b").to_pylist() == [None, "x"]
    assert table.schema.field("t").type == pa.timestamp("us")
    assert table_of(sources, "p", watermark="a", since="2.0").num_rows == 1


def test_a_truncated_parquet_file_is_said_so(tmp_path: Path) -> None:
    put(tmp_path, "a.parquet", b"PAR1garbage")
    put(tmp_path, "good.csv", "a\n1\n")
    sources = sources_of(tmp_path)
    assert "good.csv" in sources.catalog().connections["f"].tables
    with pytest.raises(SourceError, match="Parquet"):
        table_of(sources, "a.parquet")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no folder"):
        sources_of(tmp_path, "nowhere").check("f")


@pytest.mark.skipif(find_spec("adlfs") is not None, reason="adlfs is installed")
def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"abfss.*\n.*azure"):
        sources_of(tmp_path, "abfss://box@account.dfs.core.windows.net/x").check("f")
