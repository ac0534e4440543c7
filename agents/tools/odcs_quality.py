"""The `quality` entries of the Open Data Contract Standard, version 3.1, as rules and back.

A metric of the library becomes the rule that says the same; a threshold that no rule has becomes a query that counts.
A rule is written as a metric where that reads back as the very same rule, else as Great Expectations' own.
A document from elsewhere may only alert: what holds rows back is for those who own the table to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from agents.core.digest import digest
from agents.core.errors import SpecError
from agents.tools.odcs_metrics import METRICS, OPERATORS, RANGES, NotTaken, bad_rows, listed, quoted, threshold, wrong
from assets.kinds.spec_rules import Action, Rule, RuleMeta

ENGINE = "greatExpectations"
_COLUMN, _VALUES = "expect_column_", "expect_column_values_to_"
_SEVERITY: Mapping[Action, str] = {"alert": "warning", "quarantine": "error", "block": "error"}
_OWN = ("action", "ruleId", "muted")
_OBJECT = re.compile(r"\$?\{(?:object|table|model|schema)\}")
_PROPERTY = re.compile(r"\$?\{(?:property|column|field)\}")
_ROW_COUNT = "expect_table_row_count_to_be_between"


def rules_in(checks: Iterable[Mapping[str, Any]], column: str, columns: Sequence[str]) -> tuple[list[Rule], list[str]]:
    """The rules of a table's entries or of one column's, and in words what was not taken and why.

    SpecError for an entry that the standard does not allow.
    """
    rules, left = list[Rule](), list[str]()
    for check in checks:
        try:
            rule = _rule(check, column)
            if unknown := [name for name in _named(rule) if name not in columns]:
                raise NotTaken(f"it is about {', '.join(unknown)}, which is no column of the contract")
            rules.append(rule)
        except NotTaken as why:
            named = check.get("name") or check.get("metric") or check.get("description") or check.get("type") or "?"
            left.append(f"quality {str(named)[:80]!r} of {column or 'the table'}: {why}")
    return rules, left


def column_of(rule: Rule) -> str:
    """The column in whose properties a rule stands; empty for one of the table."""
    return str(rule.kwargs["column"]) if set(rule.kwargs) >= {"column"} and _metric(rule) else ""


def check_of(rule: Rule) -> dict[str, Any]:
    """The rule as an entry."""
    metric = _metric(rule)
    if metric:
        return metric
    meta: dict[str, Any] = {"action": rule.meta.action, "reason": rule.meta.reason}
    meta |= {name: value for name, value in (("id", rule.meta.id), ("muted", rule.meta.muted)) if value}
    found: dict[str, Any] = {
        "type": "custom",
        "engine": ENGINE,
        "implementation": {"type": rule.type, "kwargs": dict(rule.kwargs), "meta": meta},
        "severity": _SEVERITY[rule.meta.action],
    }
    return {**found, **({"description": rule.meta.reason} if rule.meta.reason else {})}


def _metric(rule: Rule) -> dict[str, Any]:
    """The rule as a metric of the library; empty where none says the very same."""
    column, kwargs = str(rule.kwargs.get("column") or ""), rule.kwargs
    said: dict[str, dict[str, Any]] = {
        f"{_VALUES}not_be_null": {"metric": "nullValues"},
        f"{_VALUES}be_unique": {"metric": "duplicateValues"},
        "expect_compound_columns_to_be_unique": {
            "metric": "duplicateValues",
            "arguments": {"properties": kwargs.get("column_list")},
        },
        f"{_VALUES}be_in_set": {"metric": "invalidValues", "arguments": {"validValues": kwargs.get("value_set")}},
        f"{_VALUES}match_regex": {"metric": "invalidValues", "arguments": {"pattern": kwargs.get("regex")}},
        _ROW_COUNT: {"metric": "rowCount"},
    }
    if rule.type not in said:
        return {}
    limits = {"mustBe": 0} if rule.type != _ROW_COUNT else _limits(kwargs)
    own = [
        {"property": name, "value": value}
        for name, value in zip(_OWN, (rule.meta.action, rule.meta.id, rule.meta.muted), strict=True)
        if value
    ]
    entry = {"type": "library", **said[rule.type], **limits, "unit": "rows", "severity": _SEVERITY[rule.meta.action]}
    entry |= {"description": rule.meta.reason} if rule.meta.reason else {}
    entry["customProperties"] = own
    try:
        back = _rule(entry, column)
    except (NotTaken, SpecError):
        return {}
    bare = Rule(rule.type, rule.kwargs, RuleMeta(rule.meta.action, rule.meta.reason, rule.meta.id, rule.meta.muted))
    return entry if back == bare else {}


def _limits(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        return {"mustBe": low} if low == high else {"mustBeBetween": [low, high]}
    return {"mustBeGreaterOrEqualTo": low} if low is not None else {"mustBeLessOrEqualTo": high}


def _rule(check: Mapping[str, Any], column: str) -> Rule:
    kind = check.get("type") or ("library" if check.get("metric") or check.get("rule") else "text")
    if kind == "library":
        return _of_library(check, column)
    if kind == "sql":
        return _of_sql(check, column)
    if kind == "custom":
        return _of_engine(check, column)
    if kind == "text":
        raise NotTaken("it is a text, which nothing can check")
    raise wrong(f"type {kind!r}", "use library, text, sql or custom")


def _of_library(check: Mapping[str, Any], column: str) -> Rule:
    metric = check.get("metric") or check.get("rule")
    arguments = cast("Mapping[str, Any]", check.get("arguments") or {})
    if not isinstance(check.get("arguments") or {}, Mapping):
        raise wrong("arguments is no mapping", "write arguments: {validValues: [...]}")
    holds = threshold(check)
    if metric == "rowCount":
        return _row_count(check, holds)
    if metric not in METRICS:
        raise NotTaken(f"the metric {metric!r} is not one of the standard's")
    if metric == "duplicateValues" and (not column or arguments.get("properties")):
        names = [str(name) for name in listed(arguments, "properties")]
        kwargs: dict[str, Any] = {"column_list": names} if len(names) > 1 else {"column": names[0]}
        kind = "expect_compound_columns_to_be_unique" if len(names) > 1 else f"{_VALUES}be_unique"
    elif not column:
        raise NotTaken(f"{metric} is about one column and stands at the table")
    else:
        names = [column]
        kind, more = METRICS[metric](arguments)
        kwargs = {"column": column, **more}
    unit = check.get("unit", "rows")
    none = holds("0") in ("0 = 0", "0 <= 0") or (unit == "rows" and holds("0") == "0 < 1")
    if kind and none and unit in ("rows", "percent"):
        return Rule(kind, kwargs, _meta(check))
    return _counted(check, metric, holds, bad_rows(metric, names, arguments), names)


def _counted(
    check: Mapping[str, Any], metric: Any, holds: Callable[[str], str], count: str, names: Sequence[str]
) -> Rule:
    unit = check.get("unit", "rows")
    if unit not in ("rows", "percent"):
        raise NotTaken(f"the unit {unit!r} is neither rows nor percent")
    number = f"coalesce(100.0 * {count} / nullif(count(*), 0), 0)" if unit == "percent" else count
    query = f"SELECT * FROM (SELECT {number} AS n FROM {{batch}} AS t) AS measured WHERE NOT ({holds('n')})"
    return _query(check, query, f"{metric}_{'_'.join(names)}")


def _row_count(check: Mapping[str, Any], holds: Callable[[str], str]) -> Rule:
    said = {name: check[name] for name in (*OPERATORS, *RANGES) if name in check}
    (name, value), *more = said.items()
    limits: dict[str, Any] = {}
    if name in ("mustBe", "mustBeBetween"):
        low, high = value if name == "mustBeBetween" else (value, value)
        limits = {"min_value": low, "max_value": high}
    elif OPERATORS.get(name) in (">", ">="):
        limits = {"min_value": value, **({"strict_min": True} if OPERATORS[name] == ">" else {})}
    elif OPERATORS.get(name) in ("<", "<="):
        limits = {"max_value": value, **({"strict_max": True} if OPERATORS[name] == "<" else {})}
    if limits and not more:
        return Rule(_ROW_COUNT, limits, _meta(check))
    return _counted({**check, "unit": "rows"}, "rowCount", holds, "count(*)", ())


def _of_sql(check: Mapping[str, Any], column: str) -> Rule:
    text = check.get("query")
    if not isinstance(text, str) or not text.strip():
        raise wrong("an entry of type sql has no query", "add query: SELECT ...")
    holds = threshold(check)
    if not _OBJECT.search(text):
        raise NotTaken("its query does not read {object}, the table it is about")
    plain = _OBJECT.sub("\0", text.strip().rstrip("; \n"))
    if column:
        plain = _PROPERTY.sub(lambda _: quoted(column), plain)
    if "{" in plain or "}" in plain:
        raise NotTaken("its query holds braces whose meaning is not known")
    plain = plain.replace("\0", "{batch}")
    broken = f"SELECT * FROM ({plain}) AS measured(n) WHERE NOT coalesce({holds('n')}, FALSE)"
    _parses(broken)
    return _query(check, broken, f"sql_{column}" if column else "sql")


def _parses(query: str) -> None:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(query.replace("{batch}", "batch_"), dialect="duckdb")
    except SqlglotError as error:
        raise NotTaken("its query is not SQL that can be run here (DuckDB's dialect)") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise NotTaken("its query is not one SELECT")


def _query(check: Mapping[str, Any], query: str, name: str) -> Rule:
    meta = _meta(check)
    # The query names no column by which it could be known again: its name does.
    name = str(check.get("name") or check.get("id") or f"{name}_{digest(query)[7:13]}")
    return Rule(
        "unexpected_rows_expectation",
        {"unexpected_rows_query": query},
        RuleMeta(meta.action, meta.reason, meta.id or name, meta.muted),
    )


def _of_engine(check: Mapping[str, Any], column: str) -> Rule:
    if str(check.get("engine")).lower() != ENGINE.lower():
        raise NotTaken(f"it is for the engine {check.get('engine')!r}")
    made = check.get("implementation")
    if isinstance(made, str):
        made = _parsed(made)
    if not isinstance(made, Mapping):
        raise wrong("an implementation is no mapping", "write type, kwargs and meta of an expectation")
    said = cast("Mapping[str, Any]", made)
    meta, kwargs = ({} if said.get(name) is None else said[name] for name in ("meta", "kwargs"))
    kind = said.get("type") or said.get("expectation_type")
    if not isinstance(kind, str) or not isinstance(meta, Mapping) or not isinstance(kwargs, Mapping):
        raise wrong("a rule of quality has no type, or kwargs or meta that are no mapping", "see Great Expectations")
    given = {_snake(str(name)): value for name, value in cast("Mapping[object, Any]", kwargs).items()}
    if column and kind.startswith(_COLUMN) and not {"column", "column_A", "column_list"} & set(given):
        given = {"column": column, **given}
    from assets.kinds.rules import known_types

    if kind not in known_types():
        raise NotTaken(f"there is no rule type {kind!r}")
    of = cast("Mapping[str, Any]", meta)
    action = of.get("action", "alert")
    if action not in _SEVERITY:
        raise wrong(f"a rule has the unknown action {action!r}", f"use one of {', '.join(_SEVERITY)}")
    reason = str(of.get("reason") or check.get("description") or "")
    return Rule(kind, given, RuleMeta(action, reason, str(of.get("id") or ""), of.get("muted") is True))


def _parsed(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise wrong("an implementation is no YAML", "check its indentation") from error


def _snake(name: str) -> str:
    """`minValue`, as the standard's own example has it, is `min_value`."""
    if not re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)+", name):
        return name
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _meta(check: Mapping[str, Any]) -> RuleMeta:
    own: dict[str, Any] = {}
    for each in cast("list[Any]", check.get("customProperties") or []):
        if isinstance(each, Mapping):
            of = cast("Mapping[str, Any]", each)
            own[str(of.get("property"))] = of.get("value")
    action = own.get("action", "alert")
    if action not in _SEVERITY:
        raise wrong(f"a rule has the unknown action {action!r}", f"use one of {', '.join(_SEVERITY)}")
    return RuleMeta(action, str(check.get("description") or ""), str(own.get("ruleId") or ""), own.get("muted") is True)


def _named(rule: Rule) -> list[str]:
    names = [rule.kwargs.get(name) for name in ("column", "column_A", "column_B")]
    several = rule.kwargs.get("column_list") if rule.type.startswith("expect_") else None
    some = cast("list[Any]", several) if isinstance(several, list) else []
    return [str(name) for name in (*names, *some) if name is not None]
