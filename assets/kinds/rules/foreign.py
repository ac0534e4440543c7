"""Rules that Great Expectations has and we do not compile: they run in it, on pandas, when a table has such a rule.

Importing it takes ten seconds and pandas holds the columns in memory, so nothing else ever comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.compiled import Foreign
from assets.kinds.rules.masking import shown
from assets.kinds.rules.result import RuleResult
from assets.kinds.spec import Rule

if TYPE_CHECKING:
    from assets.kinds.rules.reading import Dataset

_VALUES = "expect_column_values_to_"
GX_TYPES = frozenset(
    {
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_quantile_values_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        f"{_VALUES}be_dateutil_parseable",
        f"{_VALUES}be_decreasing",
        f"{_VALUES}be_increasing",
        f"{_VALUES}be_json_parseable",
        f"{_VALUES}match_json_schema",
        f"{_VALUES}match_strftime_format",
        f"{_VALUES}not_be_outliers",
    }
)
"""The types of Great Expectations 1.24 that are not compiled and that it can evaluate on pandas."""
ELSEWHERE = frozenset({"expect_query_results_to_match_comparison", "expect_table_row_count_to_equal_other_table"})
"""Its types that need a second source of its own."""
EXTRA = "pip install 'agentic-data-platform[quality]'"


def foreign(given: Arguments) -> Foreign:
    """The rule as Great Expectations will evaluate it; RuleError where it could reach out or never end."""
    if given.rule.type in ELSEWHERE:
        raise given.error("the rule needs a second data source", "write it as an unexpected_rows_expectation's query")
    if problem := _unsafe(given.rule.kwargs.get("json_schema")):
        raise given.error(f"the JSON schema has {problem!r}", "leave it out; patterns are for match_regex")
    return Foreign((given.column().name,))


def _unsafe(schema: Any) -> str:
    """What in a JSON schema would fetch from elsewhere, or let a cell keep the check busy for ever."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            remote = key in ("$ref", "$dynamicRef") and not str(value).startswith("#")
            if remote or key in ("pattern", "patternProperties"):
                return str(key)
            if found := _unsafe(value):
                return found
    elif isinstance(schema, list):
        return next((found for one in schema if (found := _unsafe(one))), "")
    return ""


def run_foreign(rules: Sequence[Rule], checks: Sequence[Foreign], dataset: Dataset) -> list[RuleResult]:
    """One result per rule; without Great Expectations each fails and says how to get it."""
    try:
        import great_expectations as gx
    except ImportError:
        what = f"it runs in Great Expectations, which is not installed; fix: {EXTRA}"
        return [RuleResult(rule, False, error=what) for rule in rules]
    import pyarrow as pa
    from great_expectations.data_context.types.base import ProgressBarsConfig

    names = list(dict.fromkeys(name for check in checks for name in check.columns))
    table = dataset.select(names) if isinstance(dataset, pa.Table) else dataset.to_table(columns=names)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("rules").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table.to_pandas()})
    return [_evaluate(gx, batch, one, table.num_rows, check) for one, check in zip(rules, checks, strict=True)]


def _evaluate(gx: Any, batch: Any, rule: Rule, rows: int, check: Foreign) -> RuleResult:
    from pydantic.v1 import ValidationError

    kind = _kinds(gx).get(rule.type.replace("_", ""))
    if kind is None:
        return RuleResult(rule, False, error=f"Great Expectations {gx.__version__} does not have it")
    try:
        expectation = kind(**_arguments(rule, check))
    except (ValidationError, TypeError, ValueError) as error:
        return RuleResult(rule, False, error=f"Great Expectations refuses its arguments ({type(error).__name__})")
    found = batch.validate(expectation).to_json_dict()
    raised = _raised(found.get("exception_info") or {})
    if raised:
        return RuleResult(rule, False, error=f"Great Expectations cannot evaluate it on this column ({raised})")
    result: Mapping[str, Any] = found.get("result") or {}
    examples = (_hidden(value) for value in result.get("partial_unexpected_list") or ())
    return RuleResult(
        rule,
        bool(found["success"]),
        int(result.get("element_count", rows)),
        int(result.get("unexpected_count", 0)),
        int(result.get("missing_count", 0)),
        _hidden(result["observed_value"]) if "observed_value" in result else None,
        tuple(dict.fromkeys(str(example) for example in examples))[:5],
    )


def _kinds(gx: Any) -> dict[str, Any]:
    """Its expectations by their name in small letters: in class names some words are written in capitals."""
    return {name.lower(): kind for name, kind in vars(gx.expectations).items() if name.startswith("Expect")}


def _arguments(rule: Rule, check: Foreign) -> dict[str, Any]:
    """The rule's kwargs; without its condition where the rows are those that fit it."""
    condition = ("row_condition", "condition_parser") if check.where else ()
    return {name: value for name, value in rule.kwargs.items() if name not in condition}


def _raised(info: Mapping[str, Any]) -> str:
    """The kind of error that was raised, never its text: that may quote a cell."""
    for one in (info, *(value for value in info.values() if isinstance(value, Mapping))):
        if one.get("raised_exception"):
            return str(one.get("exception_message") or "error").split("(")[0].split(":")[0].strip()[:60]
    return ""


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item) for item in value]
    return shown(value, category=False) if isinstance(value, str) else value
