"""Product files that are wrong: each error names file, line, place in the file, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from assets.kinds.cron import cron_problem
from assets.kinds.documents import parse_documents
from assets.kinds.loading import check_text, load_products
from assets.kinds.validation import check_products

HEAD = "type: platform_defs.DataProduct\nattributes:\n  name: sales\n"
RULE = "{type: expect_column_to_exist, kwargs: {column: a}}"
ORDERS = """  tables:
    - name: orders
      layer: bronze
      source: {connection: shop, table: orders}
"""


def problem(text: str, python: tuple[TableId, ...] = ()) -> SpecError:
    """The error of a product text."""
    documents, _ = parse_documents(text, Path("sales/defs.yaml"))
    problems = check_products(documents, python).problems
    assert len(problems) == 1
    return problems[0]


def shape_problem(text: str) -> SpecError:
    """The error of a text that is not a product at all."""
    with pytest.raises(SpecError) as caught:
        parse_documents(text, Path("sales/defs.yaml"))
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "told", "fix"),
    [
        (HEAD + ORDERS + "      shedule: '0 2 * * *'\n", 8, "tables[0].shedule", "did you mean schedule?"),
        (HEAD + ORDERS + "      rules: [{tipe: x}]\n", 8, "tables[0].rules[0]", ""),
        (HEAD + ORDERS + "      key: order_id\n", 8, "tables[0].key: must be a list", ""),
        (HEAD + ORDERS.replace("bronze", "broze"), 6, "'bronze', 'silver'", ""),
        (HEAD + ORDERS + "      environments: [dev, test]\n", 8, "'dev', 'staging' or 'prod'", ""),
        (HEAD + ORDERS.replace("name: orders", "name: my orders"), 5, "tables[0].name", ""),
        (HEAD + ORDERS.replace(", table: orders", ""), 7, "tables[0].source.table: is missing", "add table"),
        (HEAD + ORDERS + "      freshness_hours: soon\n", 8, "number", ""),
        (HEAD + "  tables:\n    - name: a\n      name: b\n", 6, "given twice", "mend the YAML"),
        (HEAD + "  tables: [\n", 5, "not a valid YAML file", ""),
        (HEAD + "  tables: !python/object:os.system []\n", 4, "unknown tag", ""),
        (HEAD + ORDERS + "      rules: [{type: x, kwargs: {max_value: .inf}}]\n", 8, "finite", ""),
        (HEAD + "extra: 1\n", 4, "unknown key 'extra'", "type, attributes"),
        ("attributes: {}\n", 1, "'type' is missing", "add type"),
        ("- 1\n", 1, "expected a mapping", ""),
    ],
)
def test_a_wrong_shape_is_told_with_its_line(text: str, line: int, told: str, fix: str) -> None:
    error = shape_problem(text)
    assert error.where == f"sales/defs.yaml:{line}"
    assert told in error.what
    assert fix in error.fix


@pytest.mark.parametrize(
    ("entry", "line", "told", "fix"),
    [
        ("      sql: select 1 as one\n", 5, "both source and sql", "exactly one"),
        ("      schedule: daily\n", 8, "'daily' is not a cron line", "five fields"),
        ("      schedule: 61 2 * * *\n", 8, "not a cron line", "mend the field"),
        ("      key: [a, a]\n", 8, "key names a value twice", ""),
        ("      owners: [sales]\n", 8, "'sales' is not an owner", "team:<name>"),
        ("      tags: {'a b': c}\n", 8, "is not a tag", "letters"),
        ("      freshness_hours: 0.001\n", 8, "less than a minute", ""),
        (
            f"      rules: [{RULE}, {RULE}]\n",
            8,
            "given twice",
            "meta.id",
        ),
        ("      rules: [{type: expect_column_to_exsist}]\n", 8, "unknown rule type", "expect_column_to_exist"),
        ("    - {name: orders, layer: bronze, source: {connection: s, table: t}}\n", 8, "already declared", "remove"),
        ("    - {name: b, layer: gold}\n", 8, "neither source nor sql", ""),
        ("    - {name: b, layer: quarantine, sql: select 1 as a}\n", 8, "platform's own", ""),
    ],
)
def test_a_table_that_does_not_hold_together(entry: str, line: int, told: str, fix: str) -> None:
    error = problem(HEAD + ORDERS + entry)
    assert error.where == f"sales/defs.yaml:{line}"
    assert told in error.what
    assert fix in error.fix


@pytest.mark.parametrize(
    ("sql", "told", "fix"),
    [
        ("selec * from bronze.orders", "does not parse", "SELECT"),
        ("select * from bronze.ordrs", "bronze.ordrs, which is not a table of dev", "did you mean bronze.orders?"),
        ("select * from orders", "not a lake table", "layer.table"),
        ("select * from lake.bronze.orders", "not a lake table", "layer.table"),
        ("select * from bronce.orders", "no layer 'bronce'", "bronze"),
        ("select 1 as a; select 2 as a", "single SELECT", ""),
        ("delete from bronze.orders", "single SELECT", ""),
        ("copy (select 1) to 'x.csv'", "single SELECT", ""),
        ("attach 'x.db'", "single SELECT", ""),
        ("select * from read_csv('/etc/passwd')", "not a lake table", ""),
        ("select * from '/etc/passwd'", "not a lake table", ""),
        ("select * from gold.b", "reads itself", ""),
        ("", "single SELECT", ""),
    ],
)
def test_sql_that_cannot_be_a_table(sql: str, told: str, fix: str) -> None:
    error = problem(HEAD + ORDERS + f"    - name: b\n      layer: gold\n      sql: {sql!r}\n")
    assert error.where == "sales/defs.yaml:10"
    assert told in error.what
    assert fix in error.fix


def test_sql_in_an_environment_that_lacks_what_it_reads() -> None:
    entry = "    - {name: b, layer: gold, environments: [dev, prod], sql: select 1 as a from bronze.orders}\n"
    error = problem(HEAD + ORDERS + entry)
    assert "not a table of prod" in error.what
    assert "it is in dev: add it to prod" in error.fix


def test_a_circle_of_tables_is_refused() -> None:
    text = (
        HEAD
        + "  tables:\n"
        + "".join(
            f"    - {{name: {name}, layer: silver, sql: select * from silver.{reads}}}\n"
            for name, reads in (("a", "b"), ("b", "c"), ("c", "a"))
        )
    )
    assert "reads itself" in problem(text).what


def test_a_python_asset_can_be_read_and_extended_but_not_declared_again() -> None:
    revenue = TableId("dev", "gold", "revenue")
    reads = "    - {name: b, layer: gold, sql: select * from gold.revenue}\n"
    documents, _ = parse_documents(
        HEAD + ORDERS + reads + "  extensions: [{asset: gold/revenue}]\n", Path("s/defs.yaml")
    )
    checked = check_products(documents, [revenue])
    assert not checked.problems
    assert len(checked.extensions) == 1
    error = problem(HEAD + "  tables: [{name: revenue, layer: gold, sql: select 1 as a}]\n", (revenue,))
    assert "by a Python asset" in error.what


def test_an_extension_of_an_unknown_asset_names_the_nearest() -> None:
    error = problem(HEAD + "  extensions: [{asset: gold/revenu}]\n", (TableId("dev", "gold", "revenue"),))
    assert "gold/revenu is not an asset of dev" in error.what
    assert "gold.revenue" in error.fix


def test_an_extension_of_a_table_in_yaml_is_pointed_to_its_entry() -> None:
    error = problem(HEAD + ORDERS + "  extensions: [{asset: bronze/orders}]\n")
    assert "own entry" in error.fix


def test_an_asset_is_extended_in_one_place() -> None:
    twice = HEAD + "  extensions: [{asset: gold/revenue}, {asset: gold/revenue}]\n"
    assert "already extended" in problem(twice, (TableId("dev", "gold", "revenue"),)).what


def test_two_products_may_not_declare_one_table(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "defs.yaml").write_text((HEAD + ORDERS).replace("sales", name))
    loaded = load_products(tmp_path)
    assert [entry.table.name for entry in loaded.checked.tables] == ["orders"]
    assert f"already declared in {tmp_path}/a/defs.yaml" in str(loaded.problems[0])


def test_the_folder_is_the_default_name_and_owners_are_inherited() -> None:
    text = "type: platform_defs.DataProduct\nattributes:\n  owners: [team:sales]\n" + ORDERS
    documents, _ = parse_documents(text, Path("shop/defs.yaml"))
    entry = check_products(documents).tables[0]
    assert documents[0].product.name == "shop"
    assert entry.table.owners == ("team:sales",)


def test_dates_stay_text_and_aliases_and_merges_work() -> None:
    text = HEAD + (
        "  tables:\n    - &one\n      name: a\n      layer: bronze\n      source: &src {connection: s, table: t}\n"
        "      rules: [{type: expect_column_min_to_be_between, kwargs: {column: c, min_value: 2020-01-01}}]\n"
        "    - <<: *one\n      name: b\n"
    )
    documents, _ = parse_documents(text, Path("sales/defs.yaml"))
    one, two = documents[0].product.tables
    assert one.rules[0].kwargs["min_value"] == "2020-01-01"
    assert two.name == "b"
    assert two.source == one.source


def test_an_alias_bomb_and_a_self_reference_are_no_harm() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
    )
    assert "type" in shape_problem(bomb).what
    assert "refers to itself" in shape_problem("type: &a [*a]\n").what


def test_checking_a_text_before_it_is_written(tmp_path: Path) -> None:
    sales, gold = tmp_path / "sales" / "defs.yaml", tmp_path / "gold" / "defs.yaml"
    sales.parent.mkdir()
    sales.write_text(HEAD + ORDERS)
    good = HEAD.replace("sales", "gold") + "  tables: [{name: b, layer: gold, sql: select * from bronze.orders}]\n"
    check_text(good, gold, tmp_path)
    gold.parent.mkdir()
    gold.write_text(good)
    with pytest.raises(SpecError, match="does not parse"):
        check_text(good.replace("select", "selec"), gold, tmp_path, python=())
    with pytest.raises(SpecError, match="which is not a table of dev"):
        check_text(good.replace("bronze.orders", "bronze.nothing"), gold, tmp_path, python=())
    with pytest.raises(SpecError, match="which is not a table of dev"):
        check_text(HEAD, sales, tmp_path, python=())  # takes a table away that another product reads


@pytest.mark.parametrize("line", ["0 2 * * *", "*/15 0-6 1,15 * 1-5", "0 0 1 */3 *", "0 2 * * mon-fri", "0 0 l * *"])
def test_cron_lines_that_are_taken(line: str) -> None:
    assert cron_problem(line) == ""


@given(st.lists(st.integers(0, 99), min_size=5, max_size=5))
def test_cron_numbers_are_held_to_their_ranges(numbers: list[int]) -> None:
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    fits = all(low <= number <= high for number, (low, high) in zip(numbers, limits, strict=True))
    assert (cron_problem(" ".join(map(str, numbers))) == "") == fits
