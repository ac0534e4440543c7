"""Masked views as assets: what their columns are known to be, and the check that nobody can be singled out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agents.core.catalog import TableId
from assets.kinds.spec import NO_PII, Column, Extension, KAnonymity, Rule, RuleMeta, Table

K_ANONYMITY = "k_anonymity"
Columns = Mapping[str, Column]
NO_COLUMNS: Columns = {}


def known_columns(specs: Iterable[Table | Extension]) -> dict[TableId, Columns]:
    """What specs say of the columns of each table, by its key; tables of which they say nothing are left out."""
    found: dict[TableId, Columns] = {}
    for spec in specs:
        if spec.columns:
            layer, _, name = spec.asset.partition("/")
            found |= {TableId(environment, layer, name): spec.columns for environment in spec.environments}
    return found


def personal_columns(specs: Iterable[Table | Extension]) -> dict[TableId, tuple[str, ...]]:
    """The columns that specs say hold personal data, by table; a masked view's are masked."""
    shown = (spec for spec in specs if not (isinstance(spec, Table) and spec.masked))
    return {
        table: names
        for table, columns in known_columns(shown).items()
        if (names := tuple(name for name, column in columns.items() if column.pii not in ("", NO_PII)))
    }


def with_k_anonymity(table: Table) -> Table:
    """The table with k-anonymity as a blocking rule: a version in which somebody stands out is never published."""
    wanted = table.masked.k_anonymity if table.masked else None
    return replace(table, rules=(*table.rules, k_anonymity_rule(wanted))) if wanted else table


def k_anonymity_rule(wanted: KAnonymity) -> Rule:
    """Its broken rows are groups that are too small; only their sizes are shown, never what they have in common."""
    names = ", ".join(
        '"' + name.replace('"', '""').replace("{", "{{").replace("}", "}}") + '"' for name in wanted.columns
    )
    query = f'SELECT count(*) AS "rows" FROM {{batch}} GROUP BY {names} HAVING count(*) < {wanted.k}'
    reason = f"every combination of {', '.join(wanted.columns)} stands for at least {wanted.k} rows"
    return Rule("unexpected_rows_expectation", {"unexpected_rows_query": query}, RuleMeta("block", reason, K_ANONYMITY))
