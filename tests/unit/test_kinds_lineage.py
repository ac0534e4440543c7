"""What SQL reads, and where its columns come from."""

from __future__ import annotations

import pytest

from agents.core.errors import SpecError
from assets.kinds.lineage import column_lineage, reads

SCHEMAS = {
    "bronze/orders": {"id": "", "customer": "", "Amount": ""},
    "silver/customers": {"id": "", "name": "", "country": ""},
}


BOTH = ("bronze/orders", "silver/customers")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from bronze.orders", ("bronze/orders",)),
        ("from bronze.orders", ("bronze/orders",)),
        ('select * from "Bronze"."Orders"', ("bronze/orders",)),
        ("with o as (select * from bronze.orders) select * from o join silver.customers using (id)", BOTH),
        ("select (select max(id) from silver.customers) as m from bronze.orders", BOTH),
        ("select id from bronze.orders union all select id from silver.customers", BOTH),
        ("select * from bronze.orders where id in (select id from silver.customers)", BOTH),
        ("select * from range(3)", ()),
        ("select x from bronze.orders, unnest([1, 2]) as u(x)", ("bronze/orders",)),
        ("select 'bronze.nothing' as text", ()),
    ],
)
def test_the_tables_a_select_reads(sql: str, expected: tuple[str, ...]) -> None:
    assert reads(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "with gone as (delete from bronze.orders returning *) select * from gone",
        "select 1 as a into bronze.orders",
        "create table x as select 1 as a",
        "select * from glob('*')",
        "select * from duckdb_settings()",
        "pragma version",
        "set memory_limit = '1TB'",
    ],
)
def test_sql_that_does_more_than_read_lake_tables_is_refused(sql: str) -> None:
    with pytest.raises(SpecError):
        reads(sql)


def test_columns_are_followed_through_ctes_joins_and_expressions() -> None:
    sql = (
        "with paid as (select customer, sum(amount) as total from bronze.orders group by customer) "
        "select c.name, upper(c.country) as land, p.total * 2 as twice, count(*) over () as n "
        "from paid p join silver.customers c on p.customer = c.id"
    )
    found = column_lineage(sql, SCHEMAS, ["name", "land", "twice", "n"])
    assert found["name"] == [("silver/customers", "name")]
    assert found["land"] == [("silver/customers", "country")]
    assert found["twice"] == [("bronze/orders", "amount")]
    assert found["n"] == []


def test_a_star_is_expanded_from_the_tables_columns() -> None:
    found = column_lineage("select * from bronze.orders", SCHEMAS, ["id", "customer", "Amount"])
    assert {column: origin[0][1].lower() for column, origin in found.items()} == {
        "id": "id",
        "customer": "customer",
        "Amount": "amount",
    }
