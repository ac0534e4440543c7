"""SQLite and DuckDB files: types, values that do not fit, names, watermarks."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agents.core.errors import SourceError
from resources.sources import Sources, to_text


def sources_of(folder: Path, kind: str = "sqlite", extra: str = "") -> Sources:
    file = folder / "connections.yaml"
    file.write_text(f"connections: [{{name: db, kind: {kind}, url: a.db{extra}}}]")
    return Sources(file, lambda name: None)


def fill(folder: Path, *statements: tuple[str, list[tuple[object, ...]]] | str) -> None:
    db = sqlite3.connect(folder / "a.db")
    for one in statements:
        if isinstance(one, str):
            db.execute(one)
        else:
            db.executemany(*one)
    db.commit()
    db.close()


def table_of(sources: Sources, name: str, **read: object) -> pa.Table:
    with sources.read("db", name, **read) as stream:  # type: ignore[arg-type]
        return pa.Table.from_batches(stream, stream.schema)


def test_declared_types_are_kept_where_the_values_fit(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "CREATE TABLE t (i bigint, n decimal(12, 2), m money, r float, b bit, d date, s datetime2, z datetimeoffset, "
        "x varbinary(8), v nvarchar(20))",
        (
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    1,
                    19.99,
                    5,
                    0.1,
                    1,
                    "2024-02-29",
                    "2024-02-29 23:59:59.123",
                    "2024-03-01T00:30:00+02:00",
                    b"\x00",
                    "ü",
                ),
                (None,) * 10,
                (-(2**63), -0.01, 0.0001, 2, 0, "1999-12-31", "2024-02-29T00:00:00", "2024-03-01T00:30:00Z", b"", ""),
            ],
        ),
    )
    table = table_of(sources_of(tmp_path), "t")
    kinds = [str(kind) for kind in table.schema.types]
    assert kinds == [
        "int64", "decimal128(12, 2)", "decimal128(19, 4)", "double", "bool", "date32[day]", "timestamp[us]",
        "timestamp[us, tz=UTC]", "binary", "string",
    ]  # fmt: skip
    first, empty, last = table.to_pylist()
    assert (first["n"], first["m"], first["b"], first["d"]) == (Decimal("19.99"), Decimal(5), True, date(2024, 2, 29))
    assert first["s"] == datetime(2024, 2, 29, 23, 59, 59, 123000)
    assert first["z"] == datetime(2024, 2, 29, 22, 30, tzinfo=UTC)
    assert set(empty.values()) == {None}
    assert (last["i"], last["n"], last["v"]) == (-(2**63), Decimal("-0.01"), "")


@pytest.mark.parametrize(
    ("declared", "values", "kind", "read"),
    [
        ("bigint", [1, "two", None], "string", ["1", "two", None]),
        ("bigint", [1, 2.5], "double", [1.0, 2.5]),
        ("decimal(4, 2)", [1.25, 1.255], "double", [1.25, 1.255]),
        ("decimal(4, 2)", [1, 100], "int64", [1, 100]),
        ("date", ["2024-01-01", "01/02/2024"], "string", ["2024-01-01", "01/02/2024"]),
        ("date", ["2024-01-01", "2023-02-30"], "string", ["2024-01-01", "2023-02-30"]),
        ("datetime2", [1700000000, 1700000001], "int64", [1700000000, 1700000001]),
        ("datetime2", ["2024-01-01 00:00:00Z", "2024-01-01 00:00:00"], "string", None),
        ("bit", [0, 1, 7], "int64", [0, 1, 7]),
        ("nvarchar(5)", ["a", b"b"], "string", ["a", "b"]),
        ("float", ["n/a", 1.5], "string", ["n/a", "1.5"]),
    ],
)
def test_values_that_do_not_fit_are_kept_in_a_type_that_holds_all(
    tmp_path: Path, declared: str, values: list[object], kind: str, read: list[object] | None
) -> None:
    fill(tmp_path, f"CREATE TABLE t (c {declared}, ok int)", ("INSERT INTO t VALUES (?, 1)", [(v,) for v in values]))
    table = table_of(sources_of(tmp_path), "t")
    assert str(table.schema.field("c").type) == kind
    assert table.schema.field("ok").type == pa.int64()
    assert table.column("c").to_pylist() == (read or values)


def test_text_that_is_not_utf8_is_read_as_windows_1252(tmp_path: Path) -> None:
    fill(tmp_path, "CREATE TABLE t (c text)", "INSERT INTO t VALUES (CAST(x'4dfc6c6c6572' AS TEXT)), ('é')")
    assert table_of(sources_of(tmp_path), "t").column("c").to_pylist() == ["Müller", "é"]


def test_strange_names_are_quoted(tmp_path: Path) -> None:
    name = "my 't\"áb`le; DROP TABLE x.y"
    quoted = '"' + name.replace('"', '""') + '"'
    fill(tmp_path, f'CREATE TABLE {quoted} ("a ""b" int, "ü --" int)', f"INSERT INTO {quoted} VALUES (1, 5), (2, 6)")
    sources = sources_of(tmp_path)
    assert [*sources.catalog().connections["db"].tables] == [name]
    assert table_of(sources, name, watermark="ü --", since="6").to_pylist() == [{'a "b': 2, "ü --": 6}]


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("bigint", [5, 6, 7]),
        ("datetime2", ["2024-01-01 00:00:00", "2024-01-01T00:00:00.000001", "2024-01-01 00:00:00.000002"]),
        ("datetimeoffset", ["2024-01-01T00:00:00+05:00", "2024-01-01T00:00:00+04:00", "2024-01-01T00:00:00+03:00"]),
        ("date", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("decimal(8, 2)", [0.01, 0.02, 0.03]),
        ("text", ["a'", "b", "c"]),
    ],
)
def test_incremental_reads_start_at_the_watermark(tmp_path: Path, declared: str, values: list[object]) -> None:
    rows = [(value,) for value in [*values, None]]
    fill(tmp_path, f"CREATE TABLE t (w {declared})", ("INSERT INTO t VALUES (?)", rows))
    sources = sources_of(tmp_path)
    everything = table_of(sources, "t").column("w").to_pylist()
    assert len(everything) == 4
    since = to_text(everything[1])
    assert table_of(sources, "t", watermark="w", since=since).column("w").to_pylist() == everything[1:3]


def test_empty_tables_and_batches(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "CREATE TABLE none (a int, b date, c decimal(5, 1))",
        "CREATE TABLE many (a int)",
        ("INSERT INTO many VALUES (?)", [(n,) for n in range(1000)]),
    )
    sources = sources_of(tmp_path)
    assert table_of(sources, "none").schema.types == [pa.int64(), pa.date32(), pa.decimal128(5, 1)]
    with sources.read("db", "many", batch_rows=300) as stream:
        assert [batch.num_rows for batch in stream] == [300, 300, 300, 100]
    with pytest.raises(SourceError, match="closed"):
        next(iter(stream))


def test_keys_come_from_constraints_indexes_or_the_keys_table(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "CREATE TABLE pk (a int, b int, PRIMARY KEY (b, a))",
        "CREATE TABLE uq (a int, b int UNIQUE)",
        "CREATE TABLE lk (a int)",
        "CREATE TABLE _adp_keys (table_name text, column_name text, position int)",
        "INSERT INTO _adp_keys VALUES ('lk', 'a', 1)",
    )
    tables = sources_of(tmp_path, "sqlserver", ", stand_in: sqlite").catalog().connections["db"].tables
    assert {name: table.key for name, table in tables.items()} == {"lk": ("a",), "pk": ("b", "a"), "uq": ("b",)}


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database at all, sorry" * 100)
    with pytest.raises(SourceError, match="no sound SQLite"):
        sources_of(tmp_path).check("db")


def test_duckdb_types_keys_and_watermarks(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "a.db") as db:
        db.execute("""CREATE SCHEMA s; CREATE TABLE s."my ""t" (id INTEGER PRIMARY KEY, n DECIMAL(10, 2), u UUID,
          z TIMESTAMPTZ, t TIMESTAMP, l INTEGER[], st STRUCT(a INT), h HUGEINT, ub UBIGINT, e ENUM('x', 'y'),
          tm TIME)""")
        db.execute("""INSERT INTO s."my ""t" VALUES (1, 1.25, '7f0a1b9c-0000-4000-8000-000000000001',
          '2024-01-01 00:00:00+02', '2024-01-01', [1, 2], {'a': 1}, 170141183460469231731687303715884105,
          18446744073709551615, 'y', '01:02:03')""")
        db.execute("""INSERT INTO s."my ""t" (id, z) VALUES (2, '2024-01-02 00:00:00+00')""")
    sources = sources_of(tmp_path, "duckdb")
    name = 's.my "t'
    info = sources.catalog().connections["db"].tables[name]
    assert (info.key, info.rows, info.columns["n"]) == (("id",), 2, "decimal")
    row = table_of(sources, name).to_pylist()[0]
    assert row["z"] == datetime(2023, 12, 31, 22, tzinfo=UTC)
    assert (row["l"], row["st"], row["e"], row["tm"]) == ("[1,2]", '{"a":1}', "y", "01:02:03")
    assert row["h"] == Decimal("170141183460469231731687303715884105")
    assert row["ub"] == Decimal(18446744073709551615)
    later = table_of(sources, name, watermark="z", since="2024-01-02T00:00:00.000000+00:00")
    assert later.column("id").to_pylist() == [2]
