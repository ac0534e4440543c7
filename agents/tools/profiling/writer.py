"""Write a table's rules from its profile: the same profile gives the same rules, and the next clean day passes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.tools.profiling import column_rules
from agents.tools.profiling.category_rules import categories
from agents.tools.profiling.profile import Ordered, Profile
from agents.tools.profiling.reference_rules import reference_rules, reference_stands
from agents.tools.profiling.references import Reference
from agents.tools.profiling.writing import counted, percent, rule, told
from assets.kinds.spec import Rule

STRICTNESS = {"alert": 0, "quarantine": 1, "block": 2}


def write_rules(
    profile: Profile,
    *,
    previous: Sequence[Rule] = (),
    references: Sequence[Reference] = (),
    now: datetime,
    derived: bool = False,
) -> list[Rule]:
    """The table's rules. Rules of `previous` that a person wrote, edited or muted stay as they are.

    Rows of a `derived` table (SQL, a person's code) are what somebody computed: what is learned from them only alerts.
    """
    del now  # rules must hold on later days too: none may depend on the day they were written
    written = [
        *_table(profile),
        *_columns(profile, {one.column for one in references}, takes=not derived),
        *_orders(profile),
        *reference_rules(profile, references),
    ]
    fitting = (told(one) if derived or _may_be_so(one, profile) else one for one in written)
    return _kept([_told_only(old) if derived else old for old in previous], [one for one in fitting if one])


def _may_be_so(one: Rule, profile: Profile) -> bool:
    """Whether what breaks a rule may be how the data is; a declared key that repeats is a finding, and fails."""
    declared = one.kwargs.get("column_list", [one.kwargs.get("column")])
    return one.meta.action == "alert" and not (
        "repeated" in one.meta.evidence and tuple(declared) == profile.declared_key
    )


def _told_only(old: Rule) -> Rule:
    """A rule that was once learned to take rows out of a derived table takes none any more."""
    learned = old.meta.evidence and not old.meta.muted and STRICTNESS[old.meta.action]
    return replace(old, meta=replace(old.meta, action="alert")) if learned else old


def _kept(previous: Sequence[Rule], written: Sequence[Rule]) -> list[Rule]:
    fresh = {_name(one): one for one in written}
    merged = [_newer(old, fresh.pop(_name(old), None)) for old in previous]
    return [*merged, *(one for one in written if _name(one) in fresh)]


def _name(one: Rule) -> str:
    """What a rule is found again by; a query that was written here may change, its name does not."""
    query = one.type == "unexpected_rows_expectation" and one.meta.id and one.meta.evidence
    return f"{one.type} {one.meta.id}" if query else one.identity


def _newer(old: Rule, new: Rule | None) -> Rule:
    """The old rule unless it was written here and the new one says something materially different."""
    if new is None or old.meta.muted or not old.meta.evidence:
        return old
    if _still_says_it(old, new) or reference_stands(old, new):
        return old
    values = "value_set"
    if old.type == "expect_column_values_to_not_be_in_set":
        # What was wrong once stays wrong, also after it was cleaned away.
        both = [*old.kwargs[values], *(v for v in new.kwargs[values] if v not in old.kwargs[values])]
        return replace(new, kwargs={**new.kwargs, values: both})
    return new


def _still_says_it(old: Rule, new: Rule) -> bool:
    """The old rule is as strict and allows what the data now shows. Dirt that it took out is no reason to soften it."""
    if STRICTNESS[new.meta.action] > STRICTNESS[old.meta.action]:
        return False
    softer = STRICTNESS[new.meta.action] < STRICTNESS[old.meta.action]
    for name, value in new.kwargs.items():
        if name in old.kwargs and not _covers(name, old.kwargs[name], value):
            return False
        if name not in old.kwargs and not (name == "mostly" or softer):
            return False
    return True


def _covers(name: str, old: Any, new: Any) -> bool:
    if name == "value_set":
        return set(map(str, new)) <= set(map(str, old))
    if isinstance(old, int | float) and isinstance(new, int | float):
        if (name.startswith("min") and old <= new) or (name.startswith("max") and old >= new):
            return True
        return (old < 0) == (new < 0) and 0.5 <= (abs(old) + 1e-9) / (abs(new) + 1e-9) <= 2
    return bool(old == new)


def _table(profile: Profile) -> Iterator[Rule]:
    names = [name for name in profile.columns if not name.startswith("_")]
    yield rule(
        "expect_table_columns_to_match_set",
        {"column_set": names, "exact_match": False},
        "block",
        f"the table has {counted(len(names), 'column')}; readers rely on them",
        {"columns": len(names)},
    )
    if profile.rows:
        reason = f"{counted(profile.rows)} when profiled: far fewer means that some are lost"
        kwargs = {"min_value": max(1, profile.rows // 4)}
        yield rule("expect_table_row_count_to_be_between", kwargs, "alert", reason, {"rows": profile.rows})
    # One key is enough: that other columns happen to have no repeats today promises nothing.
    for names_of_key, repeated in profile.keys[:1]:
        declared = names_of_key == profile.declared_key
        reason = f"{'the key' if declared else 'tells rows apart'}: repeated in {counted(repeated)} of {profile.rows:,}"
        column = {"column": names_of_key[0]} if len(names_of_key) == 1 else {"column_list": list(names_of_key)}
        kind = "column_values" if len(names_of_key) == 1 else "compound_columns"
        yield rule(f"expect_{kind}_to_be_unique", column, "alert", reason, {"rows": profile.rows, "repeated": repeated})


def _columns(profile: Profile, keys_of_others: Collection[str], *, takes: bool) -> Iterator[Rule]:
    key = set(profile.declared_key)
    for name, column in profile.columns.items():
        if name.startswith("_"):
            continue
        yield from column_rules.presence(column, key=name in key)
        yield from column_rules.blanks(column)
        if name not in keys_of_others:
            yield from column_rules.numbers(column)
        yield from column_rules.times(column)
        yield from column_rules.formats(column)
        yield from categories(column, takes=takes)


def _orders(profile: Profile) -> Iterator[Rule]:
    for pair in profile.ordered:
        yield _order(pair)


def _order(pair: Ordered) -> Rule:
    kwargs = {
        "column_A": pair.later,
        "column_B": pair.earlier,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    share = percent(pair.violations / pair.both)
    reason = f"{pair.later} comes before {pair.earlier} in {counted(pair.violations)} of {pair.both:,} ({share})"
    kind = "expect_column_pair_values_a_to_be_greater_than_b"
    return rule(kind, kwargs, "quarantine", reason, {"rows": pair.both, "violations": pair.violations})
