"""Rules of a document held against the columns they are about, before any load: one that cannot work is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.core.errors import RuleError
from assets.kinds.contract import Contract
from assets.kinds.spec_rules import Rule
from assets.kinds.type_names import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa


def columns_of(contract: Contract, there: pa.Schema | None = None) -> pa.Schema:
    """The columns that rules will meet: those of the table as it is, and what the contract adds."""
    import pyarrow as pa

    own = {promise.name: arrow_type(promise.type) for promise in contract.columns}
    return pa.schema({**own, **({field.name: field.type for field in there} if there is not None else {})})


def fitting(rules: Sequence[Rule], columns: pa.Schema) -> tuple[list[Rule], list[str]]:
    """The rules that can be computed on these columns, and in words, with the fix, why the others cannot."""
    good, left = list[Rule](), list[str]()
    for rule in rules:
        problem = _problem(rule, columns)
        if problem:
            about = rule.kwargs.get("column") or "the table"
            left.append(f"rule {rule.type} of {about}: {problem}")
        else:
            good.append(rule)
    return good, left


def _problem(rule: Rule, columns: pa.Schema) -> str:
    from assets.kinds.rules import RuleSet
    from assets.kinds.rules.compiled import Query

    try:
        found = RuleSet([rule], columns)
    except RuleError as error:
        return f"{error.what}; fix: {error.fix}" if error.fix else error.what
    if not any(isinstance(pair.check, Query) and not pair.check.tables for pair in found.pairs):
        return ""
    # What a query names shows only when it is asked; a table without rows answers at once.
    (result,) = found.evaluate(columns.empty_table(), now=datetime.now(UTC))
    return f"{result.error}; fix: correct the query" if result.error else ""
