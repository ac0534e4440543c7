"""What is wrong in one entry by itself: labels, rules, a person's override. Pure: no Dagster, no lake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import cast

from agents.core.plan import ACTIONS
from assets.kinds.contract import Contract, problem
from assets.kinds.documents import Document
from assets.kinds.spec import Extension, Override, Rule, Table, content_digest
from assets.kinds.type_names import NAMES, known

At = tuple[str | int, ...]
_OWNER = re.compile(r"^(team:[A-Za-z0-9_-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$")
_TAG = re.compile(r"^[A-Za-z0-9_.-]{1,63}(/[A-Za-z0-9_.-]{1,63})?$")
_TAG_VALUE = re.compile(r"^[A-Za-z0-9_.-]{0,63}$")


def check_freshness(document: Document, at: At, hours: float | None) -> None:
    if hours is not None and hours * 60 < 1:
        raise document.error("freshness_hours is less than a minute", (*at, "freshness_hours"), "give at least 0.02")


def check_contract(document: Document, at: At, contract: Contract | None) -> None:
    if contract is None:
        return
    if found := problem(contract):
        raise document.error(f"the contract {found}", (*at, "contract"), "mend it, or see adp quality contract propose")
    for promise in contract.columns:
        if not known(promise.type):
            fix = f"use {', '.join(sorted(NAMES))}, decimal(p,s), array<..>, struct<..> or map<..>"
            raise document.error(f"{promise.type!r} is no type of a column", (*at, "contract"), fix)


def check_labels(document: Document, at: At, owners: Sequence[str], tags: Mapping[str, str]) -> None:
    for owner in owners:
        if not _OWNER.match(owner):
            raise document.error(
                f"{owner!r} is not an owner", (*at, "owners"), "write team:<name> or an e-mail address"
            )
    for key, value in tags.items():
        if not _TAG.match(key) or not _TAG_VALUE.match(value):
            fix = "letters, digits, - _ . only, at most 63; a key may have one prefix/"
            raise document.error(f"{key!r}: {value!r} is not a tag", (*at, "tags"), fix)


def check_override(document: Document, at: At, override: Override) -> None:
    """A word misspelt would forbid nothing. Names of agents and tools that a team added are taken as they are."""
    if override.normal_since and not _is_moment(override.normal_since):
        fix = "write it like '2026-01-31T06:00:00', in quotes"
        raise document.error(f"{override.normal_since!r} is no moment", (*at, "override", "normal_since"), fix)
    for what in override.forbid:
        agent = what.partition(".")[0]
        actions = [f"{agent}.{name}" for name in ACTIONS.get(agent, ())]
        near = (
            get_close_matches(what, actions, n=1, cutoff=0.8) if actions else get_close_matches(agent, ACTIONS, 1, 0.8)
        )
        if what not in actions and near:
            raise document.error(f"no agent does {what!r}", (*at, "override"), f"did you mean {near[0]}?")


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_rules(document: Document, at: At, rules: Sequence[Rule], of: Table | Extension) -> str:
    """The content's digest, which needs rules that are plain JSON."""
    try:
        content = content_digest(of)
    except (TypeError, ValueError) as error:
        raise document.error(
            "a rule's values must be plain JSON", (*at, "rules"), "use text, numbers, lists"
        ) from error
    seen: set[str] = set()
    types = _rule_types() if rules else frozenset[str]()
    for index, rule in enumerate(rules):
        if rule.type not in types:
            near = get_close_matches(rule.type, types, n=1)
            fix = f"did you mean {near[0]}?" if near else "use a Great Expectations type that is supported"
            raise document.error(f"unknown rule type {rule.type!r}", (*at, "rules", index, "type"), fix)
        _check_names(document, (*at, "rules", index, "kwargs"), rule)
        if rule.identity in seen:
            fix = "remove one, or give them different meta.id"
            raise document.error(f"{rule.type} is given twice for the same columns", (*at, "rules", index), fix)
        seen.add(rule.identity)
    return content


def _check_names(document: Document, at: At, rule: Rule) -> None:
    """The columns that a rule names are text; YAML makes others of `no`, `on` and `1`."""
    for name in ("column", "column_A", "column_B"):
        if name in rule.kwargs and not isinstance(rule.kwargs[name], str):
            raise document.name_error(f"{name} must name a column:", (*at, name))
    for name in ("column_list", "column_set"):
        listed = rule.kwargs.get(name)
        for place, each in enumerate(cast("list[object]", listed) if isinstance(listed, list) else ()):
            if not isinstance(each, str):
                raise document.name_error(f"{name} must name columns:", (*at, name, place))
    for where in _condition_columns(rule.kwargs.get("row_condition"), ("row_condition",)):
        raise document.name_error("a condition must name a column:", (*at, *where))


def _condition_columns(condition: object, at: At) -> Iterator[At]:
    """Where a condition object names a column by something else than text."""
    if not isinstance(condition, Mapping):
        return
    of = cast("Mapping[str, object]", condition)
    column = of.get("column")
    if isinstance(column, Mapping) and not isinstance(cast("Mapping[str, object]", column).get("name", ""), str):
        yield (*at, "column", "name")
    parts = of.get("conditions")
    for place, part in enumerate(cast("list[object]", parts) if isinstance(parts, list) else ()):
        yield from _condition_columns(part, (*at, "conditions", place))


@cache
def _rule_types() -> frozenset[str]:
    from assets.kinds.rules import known_types

    return frozenset(known_types())
