"""Reads from a real MariaDB, as MySQL."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pymysql
import pytest

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources import Sources, to_text
from tests.integration.servers import PASSWORD, PASSWORD_IN_URL, Server, mariadb
from tests.integration.sources_of import rss_growth, sources_of


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with mariadb() as running:
        yield running


@pytest.fixture
def run(server: Server) -> Generator[Callable[[str], None]]:
    db = pymysql.connect(host=server.host, port=server.port, user="adp", password=PASSWORD, autocommit=True)
    with db.cursor() as cursor:
        cursor.execute("DROP DATABASE shop")
        cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        cursor.execute("USE shop")
        cursor.execute("SET sql_mode = ''")
        yield lambda sql: (cursor.execute(sql), None)[1]
    db.close()


@pytest.fixture
def sources(server: Server, tmp_path: Path) -> Sources:
    return sources_of(tmp_path, "mysql", server.url)


def table_of(sources: Sources, name: str, **read: object) -> pa.Table:
    with sources.read("db", name, **read) as stream:  # type: ignore[arg-type]
        return pa.Table.from_batches(stream, stream.schema)


def test_every_common_type_arrives_exactly(run: Callable[[str], None], sources: Sources) -> None:
    run("""CREATE TABLE kinds (ti tinyint, t1 tinyint(1), tu tinyint unsigned, si smallint,
      mi mediumint, i int,
      iu int unsigned, bi bigint, bu bigint unsigned, f float, db double, n decimal(12, 2), nw decimal(60, 5), b bit(1),
      b8 bit(12), tx text, vc varchar(10), ch char(5), bl blob, vb varbinary(5), d date, tm time, tm6 time(6),
      dt datetime,
      dt6 datetime(6), ts timestamp(6) NULL, y year, e enum('a', 'b'), st set('x', 'y'), j json, g point)""")
    run("SET time_zone = '+05:00'")
    run("""INSERT INTO kinds VALUES (-1, 1, 255, 2, 3, 4, 4294967295, -5, 18446744073709551615, 1.5, 0.1, 1234567890.12,
      12345678901234567890123456789.12345, 1, 5, 'Zoë''s 😀', 'vc', 'ch', 'bl\\0x', 'vb', '2024-02-29', '-838:59:59',
      '03:04:05.123456', '2024-02-29 23:59:59', '2024-02-29 23:59:59.999999', '2024-03-01 05:00:00.000001',
      2024, 'b', 'x,y',
      '{"a": 1}', point(1, 2))""")
    run("INSERT INTO kinds (ti) VALUES (NULL)")
    row, nulls = table_of(sources, "shop.kinds").to_pylist()
    assert set(nulls.values()) == {None}
    assert row == {
        "ti": -1, "t1": 1, "tu": 255, "si": 2, "mi": 3, "i": 4, "iu": 4294967295, "bi": -5,
        "bu": Decimal(18446744073709551615), "f": 1.5, "db": 0.1, "n": Decimal("1234567890.12"),
        "nw": "12345678901234567890123456789.12345", "b": True, "b8": 5, "tx": "Zoë's 😀", "vc": "vc", "ch": "ch",
        "bl": b"bl\x00x", "vb": b"vb", "d": date(2024, 2, 29), "tm": "-838:59:59", "tm6": "03:04:05.123456",
        "dt": datetime(2024, 2, 29, 23, 59, 59), "dt6": datetime(2024, 2, 29, 23, 59, 59, 999999),
        "ts": datetime(2024, 3, 1, 0, 0, 0, 1, tzinfo=UTC), "y": 2024, "e": "b", "st": "x,y", "j": '{"a": 1}',
        "g": "POINT(1 2)",
    }  # fmt: skip


def test_zero_dates_become_null(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE z (d date, dt datetime, ts timestamp NULL)")
    run("INSERT INTO z VALUES ('0000-00-00', '0000-00-00 00:00:00', 0), ('2020-00-15', '2020-01-00', '2020-01-01')")
    first, second = table_of(sources, "shop.z").to_pylist()
    assert set(first.values()) == {None}
    assert second == {"d": None, "dt": None, "ts": datetime(2020, 1, 1, tzinfo=UTC)}


def test_catalog_has_types_keys_estimates_and_comments(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE orders (id bigint unsigned PRIMARY KEY, at datetime(6)) COMMENT 'Sales'")
    run("CREATE TABLE uniq (a int NOT NULL, b int NOT NULL, UNIQUE KEY ab (a, b)); ")
    run("CREATE TABLE loose (x int)")
    run("INSERT INTO orders SELECT seq, now() FROM seq_1_to_1000")
    run("ANALYZE TABLE orders")
    run("CREATE VIEW seen AS SELECT * FROM orders")
    tables = sources.catalog().connections["db"].tables
    assert sorted(tables) == ["shop.loose", "shop.orders", "shop.seen", "shop.uniq"]
    orders = tables["shop.orders"]
    assert (orders.key, orders.rows, orders.description) == (("id",), 1000, "Sales")
    assert orders.columns == {"id": "bigint", "at": "datetime"}
    assert tables["shop.uniq"].key == ("a", "b")
    assert tables["shop.loose"].key == ()


def test_names_with_spaces_quotes_and_unicode(run: Callable[[str], None], sources: Sources) -> None:
    run('CREATE TABLE `my \'t"áb``le` (`a "b` int, `ü;--` datetime)')
    run("INSERT INTO `my 't\"áb``le` VALUES (1, '2024-01-01'), (2, '2024-01-02')")
    name = "shop.my 't\"áb`le"
    assert table_of(sources, name).column('a "b').to_pylist() == [1, 2]
    later = table_of(sources, name, watermark="ü;--", since="2024-01-02T00:00:00.000000")
    assert later.column('a "b').to_pylist() == [2]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint unsigned", "(1), (2), (18446744073709551615)"),
        ("date", "('2024-01-01'), ('2024-01-02'), ('2024-01-03')"),
        (
            "datetime(6)",
            "('2024-01-01 00:00:00.000001'), ('2024-01-01 00:00:00.000002'), ('2024-01-01 00:00:00.000003')",
        ),
        ("timestamp(6) NULL", "('2024-01-01 00:00:01'), ('2024-01-01 00:00:02'), ('2024-01-01 00:00:03')"),
        ("decimal(10, 2)", "(0.01), (0.02), (0.03)"),
        ("varchar(20) COLLATE utf8mb4_bin", "('a''\\\\'), ('b\\\\''x'), ('c')"),
    ],
)
def test_incremental_reads_start_at_the_watermark(
    run: Callable[[str], None], sources: Sources, kind: str, values: str
) -> None:
    run(f"CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, w {kind})")
    run(f"INSERT INTO t (w) VALUES {values}, (NULL)")
    everything = table_of(sources, "shop.t").column("w").to_pylist()
    assert len(everything) == 4
    again = table_of(sources, "shop.t", watermark="w", since=to_text(everything[1])).column("w").to_pylist()
    assert again == everything[1:3]


def test_an_empty_table_has_its_schema(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE empty (a int, b decimal(5, 1), c json)")
    table = table_of(sources, "shop.empty")
    assert table.num_rows == 0
    assert table.schema.types == [pa.int32(), pa.decimal128(5, 1), pa.string()]


def test_a_missing_table_names_the_nearest(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE customer_orders (a int)")
    with pytest.raises(UnknownSource) as caught:
        sources.read("db", "shop.customer_order")
    assert caught.value.fields["candidates"] == ["shop.customer_orders"]
    with pytest.raises(SourceError, match="no column 'zz'"):
        sources.read("db", "shop.customer_orders", watermark="zz")


def test_wrong_password_missing_database_and_no_server_are_told_apart(server: Server, tmp_path: Path) -> None:
    wrong = server.url.replace(PASSWORD_IN_URL, "wr0ng-one")
    for url, error in (
        (wrong, AccessRefused),
        (server.url.replace("/shop", "/nowhere"), UnknownSource),
        ("mysql://adp:wr0ng-one@127.0.0.1:1/shop", Unreachable),
    ):
        sources = sources_of(tmp_path, "mysql", url)
        with pytest.raises(error) as caught:
            sources.check("db")
        assert caught.value.fix
        assert "wr0ng-one" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert "db" in sources.catalog().connections
        assert "db" in sources.problems()


def test_all_databases_are_seen_when_the_url_names_none(
    run: Callable[[str], None], server: Server, tmp_path: Path
) -> None:
    run("CREATE TABLE t AS SELECT 1 AS one")
    sources = sources_of(tmp_path, "mysql", server.url.removesuffix("/shop"))
    assert [*sources.catalog().connections["db"].tables] == ["shop.t"]
    assert table_of(sources, "shop.t").to_pylist() == [{"one": 1}]


def test_memory_stays_bounded(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE big AS SELECT seq AS id, repeat('x', 200) AS pad FROM seq_1_to_1000000")
    with sources.read("db", "shop.big", batch_rows=20_000) as stream, rss_growth() as growth:
        rows = sum(batch.num_rows for batch in stream)
    assert rows == 1_000_000
    assert growth.megabytes < 150  # the table has 220 MB
