"""Rules over data nobody expects: each gives a verdict or an error in words, and no rule takes another with it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from agents.core.catalog import TableId
from agents.core.errors import RuleError
from assets.kinds.judging import judge
from assets.kinds.rules import RuleSet
from assets.kinds.rules.result import RuleResult
from assets.kinds.spec import Rule, RuleMeta
from resources.lake import Lake

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
V = "expect_column_values_to_"
HARD = RuleMeta("quarantine", "r")


def judged(table: Any, *rules: Rule) -> list[RuleResult]:
    return RuleSet(rules, table.schema, lenient=True).evaluate(table, now=NOW)


def counts(table: Any, *rules: Rule) -> list[int | str]:
    return [result.error or result.unexpected_count for result in judged(table, *rules)]


def test_unknown_types_and_dropped_columns_fail_alone_in_a_table_that_is_judged(tmp_path: Path) -> None:
    lake, table = Lake({"dev": str(tmp_path)}), TableId("dev", "silver", "orders")
    lake.overwrite(table, pa.table({"id": [1, 2, 2]}).to_reader())
    rules = [
        Rule("expect_column_values_to_be_nice", {"column": "id"}),
        Rule(f"{V}not_be_null", {"column": "gone"}, RuleMeta("block")),
        Rule(f"{V}be_unique", {"column": "id"}),
        Rule("expect_query_results_to_match_comparison", {"base_query": "SELECT 1"}),
    ]
    results = list(judge(lake, table, rules, "silver/orders", NOW).values())
    assert [result.success for result in results] == [False] * 4
    assert ["unknown rule type" in str(r.error) or "no column" in str(r.error) for r in results[:2]] == [True, True]
    assert results[2].error is None
    assert "unexpected_rows_expectation" in str(results[3].error)


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|aa)+$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^\s*(\S+\s*)*$"],
)
def test_patterns_that_explode_elsewhere_are_done_at_once(pattern: str) -> None:
    table = pa.table({"t": ["a" * 100_000 + "!", "x" * 100_000]})
    (result,) = judged(table, Rule(f"{V}match_regex", {"column": "t", "regex": pattern}))
    assert result.error is None


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "x" * 2_000_000, "(.{1,1000}){1,1000}", "a{9999}"])
def test_patterns_too_large_are_refused(pattern: str) -> None:
    with pytest.raises(RuleError):
        RuleSet([Rule(f"{V}match_regex", {"column": "t", "regex": pattern})], pa.schema([("t", pa.string())]))


def test_cells_of_megabytes_are_judged_and_shown_short() -> None:
    table = pa.table({"t": ["a" * 10_000_000, "b" * 10_000_000, "x"]})
    results = judged(
        table,
        Rule(f"{V}be_in_set", {"column": "t", "value_set": ["x"]}),
        Rule("expect_column_value_lengths_to_equal", {"column": "t", "value": 1}),
        Rule(f"{V}be_unique", {"column": "t"}),
        Rule("expect_column_max_to_be_between", {"column": "t", "max_value": "b"}),
    )
    assert [result.success for result in results] == [False, False, True, False]
    assert len(str([result.to_gx() for result in results])) < 5000


def _broken_text() -> pa.Table:
    offsets = pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00")
    text = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"ab\xff\xfec")])
    return pa.table({"t": text, "n": [1, 2, 3]})


@pytest.mark.parametrize("native", [False, True])
def test_invalid_utf8_is_named_and_other_columns_are_judged(tmp_path: Path, native: bool) -> None:
    pq.write_table(_broken_text(), tmp_path / "x.parquet")
    found = counts(
        pads.dataset(tmp_path) if native else _broken_text(),
        Rule(f"{V}match_regex", {"column": "t", "regex": "^a"}),
        Rule(f"{V}be_between", {"column": "n", "min_value": 2}),
    )
    assert "not valid UTF-8" in str(found[0])
    assert str(tmp_path) not in str(found[0])
    assert found[1] == 1


def test_times_at_both_ends_of_the_calendar() -> None:
    last, first = datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1)
    table = pa.table(
        {
            "at": pa.array([last, first, datetime(2020, 1, 1), None], pa.timestamp("us")),
            "zoned": pa.array([last.replace(tzinfo=UTC), None, None, None], pa.timestamp("us", "UTC")),
            "day": [date(9999, 12, 31), None, date(1, 1, 1), None],
            "beyond": pa.array([900_000_000_000, 0, -90_000_000_000, None], pa.timestamp("s")),
        }
    )
    names = table.column_names
    between = [
        Rule(f"{V}be_between", {"column": n, "min_value": "1900-01-01", "max_value": "2100-01-01"}) for n in names
    ]
    assert counts(table, *between) == [2, 1, 2, 2]
    latest = judged(
        table, *(Rule("expect_column_max_to_be_between", {"column": n, "max_value": "2100-01-01"}) for n in names)
    )
    assert [(result.success, result.error) for result in latest] == [(False, None)] * 4


def test_numbers_that_are_none_and_endless_count_as_great_expectations_counts_them() -> None:
    table = pa.table({"x": [1.0, float("nan"), float("inf"), float("-inf"), None]})
    results = judged(
        table,
        Rule(f"{V}not_be_null", {"column": "x"}),
        Rule(f"{V}be_between", {"column": "x", "min_value": 0, "max_value": 10}),
        Rule("expect_column_mean_to_be_between", {"column": "x", "min_value": 0}),
    )
    assert [(r.unexpected_count, r.missing_count) for r in results[:2]] == [(2, 0), (2, 2)]
    assert not results[2].success


def test_names_that_stand_twice_are_refused_and_the_rest_is_judged() -> None:
    columns = [pa.array([1, 2]), pa.array(["x", "y"]), pa.array([1.0, None]), pa.array([3, 4]), pa.array([5, 5])]
    table = pa.Table.from_arrays(columns, names=["a", "a", "B", "b", "c"])
    found = counts(
        table,
        Rule(f"{V}not_be_null", {"column": "a"}),
        Rule(f"{V}not_be_null", {"column": "b"}),
        Rule(f"{V}be_unique", {"column": "c"}),
        Rule("expect_table_column_count_to_equal", {"value": 5}),
    )
    assert all("more than one column" in str(one) for one in found[:2])
    assert found[2:] == [2, 0]


def test_a_wide_table_is_judged_in_one_go_with_one_rule_that_cannot_be_computed() -> None:
    table = pa.table({**{f"c{i}": [0, 1] for i in range(2000)}, "t": ["x", "y"]})
    rules = [Rule(f"{V}be_between", {"column": f"c{i}", "min_value": 1}) for i in range(2000)]
    cast = Rule(
        "unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE CAST(t AS INT) > 1"}
    )
    found = counts(table, *rules[:1000], cast, *rules[1000:])
    assert [one for one in found if one != 1] == [found[1000]]
    assert "'a'" not in str(found[1000])
    assert "Could not convert" in str(found[1000])


def test_a_table_without_rows_breaks_nothing() -> None:
    table = pa.table({"n": pa.array([], pa.int64()), "t": pa.array([], pa.string())})
    rules = [
        Rule(f"{V}not_be_null", {"column": "n"}),
        Rule(f"{V}be_unique", {"column": "n"}),
        Rule(f"{V}match_regex", {"column": "t", "regex": "x"}),
        Rule("expect_compound_columns_to_be_unique", {"column_list": ["n", "t"]}),
    ]
    assert [(result.success, result.error) for result in judged(table, *rules)] == [(True, None)] * 4


RULES = [
    Rule(f"{V}not_be_null", {"column": "late"}),
    Rule(f"{V}be_unique", {"column": "id"}),
    Rule(f"{V}be_unique", {"column": "word"}),
    Rule("expect_compound_columns_to_be_unique", {"column_list": ["id", "word"]}),
    Rule(f"{V}be_in_set", {"column": "word", "value_set": ["w1", "w2"]}),
]


@pytest.mark.parametrize("folder", ["plain", "odd [a-z]* name", "it's"])
def test_files_of_a_lake_give_the_same_verdicts_as_the_rows_themselves(tmp_path: Path, folder: str) -> None:
    """Also where a later file has a column that the first lacks, and where the path looks like a pattern."""
    lake, table = Lake({"dev": str(tmp_path / folder)}), TableId("dev", "silver", "words")
    lake.overwrite(table, pa.table({"id": [1, 2, 5], "word": ["w1", None, "w3"]}).to_reader())
    with lake.write(
        table, pa.schema([("id", pa.int64()), ("word", pa.string()), ("late", pa.int64())]), "append"
    ) as write:
        write.put(pa.record_batch({"id": [2, 900_000_000], "word": ["w3", "w1"], "late": [7, None]}))
        write.append({})
    dataset = lake.dataset(table)
    assert counts(dataset, *RULES) == counts(dataset.to_table(), *RULES) == [4, 2, 4, 0, 2]


def test_a_limit_of_another_type_names_the_column_that_it_is_about() -> None:
    with pytest.raises(RuleError, match="column 'city' is string, the rule's value is int"):
        RuleSet([Rule(f"{V}be_between", {"column": "city", "min_value": 0})], pa.schema({"city": pa.string()}))


def test_a_rule_of_great_expectations_without_it_says_what_to_install_and_fails_alone() -> None:
    script = (
        "import sys; sys.modules['great_expectations'] = None\n"
        "import pyarrow as pa; from datetime import datetime, UTC\n"
        "from assets.kinds.rules import RuleSet; from assets.kinds.spec import Rule\n"
        "t = pa.table({'n': [1, 2]})\n"
        "rules = [Rule('expect_column_values_to_be_increasing', {'column': 'n'}),"
        " Rule('expect_column_values_to_be_unique', {'column': 'n'})]\n"
        "print([(r.success, r.error) for r in RuleSet(rules, t.schema).evaluate(t, now=datetime.now(UTC))])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "agentic-data-platform[quality]" in done.stdout
    assert "(True, None)" in done.stdout


@pytest.mark.parametrize("schema", [{"$ref": "http://x.example/s"}, {"properties": {"a": {"pattern": "(a+)+$"}}}])
def test_a_json_schema_fetches_nothing_and_does_not_explode(schema: dict[str, Any]) -> None:
    rule = Rule(f"{V}match_json_schema", {"column": "t", "json_schema": schema})
    with pytest.raises(RuleError, match="JSON schema"):
        RuleSet([rule], pa.schema([("t", pa.string())]))


def test_a_split_that_cannot_be_computed_names_the_rule_and_no_cell() -> None:
    cast = "SELECT * FROM {batch} WHERE CAST(t AS INTEGER) > 1"
    rules = [
        Rule(f"{V}not_be_null", {"column": "t"}, HARD),
        Rule("unexpected_rows_expectation", {"unexpected_rows_query": cast}, RuleMeta("quarantine", "r", "numbers")),
    ]
    batch = pa.record_batch({"t": ["1", "mia lee"]})
    with pytest.raises(RuleError, match="numbers") as error:
        RuleSet(rules, batch.schema, where="silver/x").split(batch, now=NOW)
    assert "mia" not in str(error.value)


def test_batches_of_several_shapes_are_split_by_one_set() -> None:
    rules = RuleSet([Rule(f"{V}be_between", {"column": "n", "min_value": 1}, HARD)], pa.schema([("n", pa.int64())]))
    for values in ([0, 1, 2], [3], [0, 0]):
        for kind in (pa.int64(), pa.int32()):
            good, bad = rules.split(pa.record_batch({"n": pa.array(values, kind)}), now=NOW)
            assert good.column(0).to_pylist() == [v for v in values if v]
            assert (bad.num_rows if bad else 0) == values.count(0)


def test_reading_a_pattern_leaves_peoples_connection_alone() -> None:
    """Assets that people write work on DuckDB's shared connection, in the same process."""
    import duckdb

    from assets.kinds.rules.regex import to_re2

    shared = duckdb.from_arrow(pa.table({"a": [1, 2]}))
    to_re2("^reading [a-z]+$", "a rule")
    assert pa.RecordBatchReader.from_stream(shared).read_all().num_rows == 2
