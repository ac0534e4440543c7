"""Rules on references: values of a column are keys of another table, but for as many as were none when learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.tools.profiling.profile import Profile
from agents.tools.profiling.references import Reference
from agents.tools.profiling.writing import counted, most, percent, rule
from assets.kinds.rules.columns import quote
from assets.kinds.spec import Rule

_QUERY = "unexpected_rows_query"


def reference_rules(profile: Profile, references: Sequence[Reference]) -> Iterator[Rule]:
    """A rule for each reference. Its query gives the rows without a parent, once they are more than usual."""
    for one in references:
        if one.column not in profile.columns:
            continue
        _, _, table = one.table.partition("/")
        lost = f"SELECT b.* FROM {{batch}} AS b WHERE b.{quote(one.column)} IS NOT NULL AND NOT EXISTS ({_parent(one)})"
        tolerated = round(1 - most(one.lost / one.rows), 2) if one.lost else 0.0
        reason = f"all its values are found in {one.table}.{one.ref_column}"
        query = lost
        if tolerated:
            # An UnexpectedRowsExpectation knows no `mostly`: the query counts by itself.
            some = f"(SELECT count(*) FROM lost) > {tolerated:g} * (SELECT count(*) FROM {{batch}})"
            query = f"WITH lost AS ({lost}) SELECT * FROM lost WHERE {some}"
            few = f"{counted(one.lost)} of {one.rows:,} ({percent(one.lost / one.rows)})"
            reason = f"{few} name none of {one.table}.{one.ref_column}: more than {percent(tolerated)} would be unusual"
        evidence = {"share": round(one.share, 6), "rows": one.rows, "lost": one.lost, "tolerated": tolerated}
        name = f"{one.column}_in_{table}"
        yield rule("unexpected_rows_expectation", {_QUERY: query}, "alert", reason, evidence, name=name)


def reference_stands(old: Rule, new: Rule) -> bool:
    """Whether a rule written before says the same of the same parent, and allows as much; one that held stays strict.

    What was written before anything was allowed fails on the data that it was learned from, and gives way.
    """
    asked = str(new.kwargs.get(_QUERY, ""))
    start, end = asked.find("NOT EXISTS ("), asked.find(")") + 1
    if start < 0 or asked[start:end] not in str(old.kwargs.get(_QUERY, "")):
        return False
    was, wanted = old.meta.evidence, new.meta.evidence
    return was.get("tolerated", 0) >= wanted["tolerated"] or was.get("share") == 1


def _parent(one: Reference) -> str:
    layer, _, table = one.table.partition("/")
    key, column = quote(one.ref_column), quote(one.column)
    return f"SELECT 1 FROM {layer}.{quote(table)} AS r WHERE r.{key} = b.{column}"
