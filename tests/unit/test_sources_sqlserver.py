"""SQL Server without a server: the SQL it would be asked, the address, the types, the errors."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from agents.core.errors import AccessRefused, PlatformError, SourceError, UnknownSource, Unreachable
from resources.sources import Sources, load_connections, tsql
from resources.sources.conform import Conformer
from resources.sources.engine import ReadRequest
from resources.sources.introspect import Column, TableInfo
from resources.sources.read_sqlserver import SQLServerEngine

COLUMNS = {
    "tinyint": "int16", "smallint": "int16", "int": "int32", "bigint": "int64", "bit": "bool", "float": "double",
    "real": "float", "decimal": "decimal128(12, 2)", "money": "decimal128(19, 4)", "smallmoney": "decimal128(10, 4)",
    "date": "date32[day]", "datetime": "timestamp[us]", "datetime2": "timestamp[us]", "smalldatetime": "timestamp[us]",
    "datetimeoffset": "timestamp[us, tz=UTC]", "time": "string", "uniqueidentifier": "string", "xml": "string",
    "nvarchar": "string", "varchar": "string", "char": "string", "ntext": "string", "sql_variant": "string",
    "hierarchyid": "string", "geography": "string", "varbinary": "binary", "rowversion": "binary",
}  # fmt: skip


def column(kind: str, name: str = "c") -> Column:
    digits = {"digits": 12, "scale": 2} if kind == "decimal" else {"digits": 0, "scale": 0}
    return tsql.column({"column": name, "kind": kind, "nullable": 1, **digits})


def engine(folder: Path, url: str) -> SQLServerEngine:
    file = folder / "connections.yaml"
    file.write_text("connections: [{name: s, kind: sqlserver, url: '${secret:U}'}]")
    return SQLServerEngine(load_connections(file)["s"], {"U": url}.get)


@pytest.mark.parametrize(("kind", "arrow"), COLUMNS.items())
def test_each_type_has_its_arrow_type_and_sql_that_parses(kind: str, arrow: str) -> None:
    item = tsql.item(column(kind, "a]b c"))
    assert str(item.arrow) == arrow
    assert "[a]]b c]" in item.sql
    sqlglot.parse_one(f"SELECT {item.sql} AS x", dialect="tsql")


@pytest.mark.parametrize("only", [None, "sales.it's"])
def test_catalog_queries_are_t_sql(only: str | None) -> None:
    for sql in (tsql.tables(only), tsql.columns(only), tsql.keys(only)):
        parsed = sqlglot.parse_one(sql, dialect="tsql")
        assert isinstance(parsed, exp.Select)
        assert ("N'sales.it''s'" in sql) == (only is not None)


@pytest.mark.parametrize(
    ("kind", "since", "condition"),
    [
        ("bigint", "42", "[c] >= 42"),
        ("decimal", "1.50", "[c] >= 1.50"),
        ("date", "2024-01-31", "[c] >= CAST(N'2024-01-31' AS date)"),
        ("datetime2", "2024-01-31T23:59:59.000001", "[c] >= CAST(N'2024-01-31T23:59:59.000001' AS datetime2(7))"),
        (
            "datetimeoffset",
            "2024-01-31T23:59:59.000001+00:00",
            "[c] >= CAST(N'2024-01-31T23:59:59.000001+00:00' AS datetimeoffset(7))",
        ),
        ("rowversion", "0x00000000000007d1", "[c] >= 0x00000000000007d1"),
        ("nvarchar", "o'x", "[c] >= N'o''x'"),
    ],
)
def test_a_read_quotes_names_and_starts_at_the_watermark(kind: str, since: str, condition: str) -> None:
    table = TableInfo("sales.we]ird", ("sales", "we]ird"), (column(kind),))
    items = [tsql.item(one) for one in table.columns]
    assert tsql.select(ReadRequest(table), items).endswith("FROM [sales].[we]]ird]")
    sql = tsql.select(ReadRequest(table, "c", since), items)
    assert sql.endswith(f"WHERE {condition}")
    sqlglot.parse_one(sql, dialect="tsql")


def test_a_watermark_that_is_none_never_reaches_the_server() -> None:
    table = TableInfo("t", ("t",), (column("bigint"),))
    with pytest.raises(SourceError, match="no int64"):
        tsql.select(ReadRequest(table, "c", "1; DROP TABLE t"), [tsql.item(table.columns[0])])


def test_what_the_driver_gives_becomes_exact_types() -> None:
    kinds = ["decimal", "datetime2", "datetimeoffset", "date", "tinyint"]
    conformer = Conformer([tsql.item(column(kind, kind)) for kind in kinds], "table t")
    given = [["1234567890.12"], ["2024-02-29 23:59:59.123456"], ["2024-02-29 23:59:59.123456Z"], ["2024-02-29"]]
    arrays = [pa.array(values, pa.string()) for values in given]
    row = conformer.one(pa.RecordBatch.from_arrays([*arrays, pa.array([255])], names=kinds)).to_pylist()[0]
    moment = datetime(2024, 2, 29, 23, 59, 59, 123456)
    assert row == {
        "decimal": Decimal("1234567890.12"),
        "datetime2": moment,
        "datetimeoffset": moment.replace(tzinfo=UTC),
        "date": date(2024, 2, 29),
        "tinyint": 255,
    }


def test_the_address_is_escaped_and_encrypted(tmp_path: Path) -> None:
    url = "mssql+pyodbc://me:p%40ss%2Fword@sql.example:1444/Sales%20DB?driver=ODBC+18&TrustServerCertificate=yes"
    made = engine(tmp_path, url).url()
    assert made == ("mssql://me:p%40ss%2Fword@sql.example:1444/Sales%20DB?encrypt=true&trustservercertificate=yes")
    assert "p%40ss" not in repr(engine(tmp_path, url).config.located({"U": url}.get))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "Token error: 'Login failed for user 'x'.' on server s executing on line 1 (code: 18456, state: 1)",
            AccessRefused,
        ),
        ("Token error: 'The SELECT permission was denied' (code: 229, state: 5, class: 14)", AccessRefused),
        ("Token error: 'Invalid object name 'x'.' (code: 208, state: 1, class: 16)", UnknownSource),
        ("Token error: 'Cannot open database' (code: 4060, state: 1, class: 11)", UnknownSource),
        ("Timed out in bb8", Unreachable),
        ("Conversion failed when converting the value 'secret text' (code: 245, state: 1)", SourceError),
    ],
)
def test_errors_are_told_apart_without_their_text(tmp_path: Path, text: str, error: type[PlatformError]) -> None:
    made = engine(tmp_path, "mssql://me:pw@h/db").failure(text, "sales.orders")
    assert type(made) is error
    assert made.fix
    assert "secret text" not in str(made)


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text("connections: [{name: s, kind: sqlserver, url: '${env:U}'}]")
    sources = Sources(file, {"U": "mssql://me:hunter2@127.0.0.1:1/db"}.get)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1") as caught:
        sources.check("s")
    assert "hunter2" not in str(caught.value)
