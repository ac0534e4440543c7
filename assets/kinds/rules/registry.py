"""Which rule types are compiled, and by what: one decorator, a second claim to a type is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agents.core.errors import ConfigError, RuleError
from assets.kinds.rules.arguments import Arguments, nearest
from assets.kinds.rules.columns import Column
from assets.kinds.rules.compiled import Compiled
from assets.kinds.rules.conditions import condition_of, conditioned
from assets.kinds.rules.foreign import ELSEWHERE, GX_TYPES, foreign
from assets.kinds.spec import Rule

Compile = Callable[[Arguments], Compiled]


@dataclass(frozen=True, slots=True)
class _Entry:
    names: tuple[str, ...]
    compile: Compile


_TYPES: dict[str, _Entry] = {}


def rule_type(name: str, *arguments: str) -> Callable[[Compile], Compile]:
    """Claim a Great Expectations type and say which kwargs it takes."""

    def register(function: Compile) -> Compile:
        if name in _TYPES:
            raise ConfigError(f"rule type {name!r} is registered twice")
        _TYPES[name] = _Entry(arguments, function)
        return function

    return register


def known_types() -> tuple[str, ...]:
    """The types that can be evaluated: those compiled, and those left to Great Expectations itself."""
    return (*_TYPES, *sorted(GX_TYPES))


def compile_rule(rule: Rule, columns: Mapping[str, Column], where: str) -> Compiled:
    """The rule over these columns; RuleError says what does not fit and what was probably meant."""
    entry = _TYPES.get(rule.type)
    arguments = Arguments(rule, columns, f"{where}: {rule.type}" if where else rule.type)
    if entry is None and rule.type in GX_TYPES | ELSEWHERE:
        check: Compiled = foreign(arguments)
    elif entry is None:
        hint = nearest(rule.type, known_types(), "type")
        raise RuleError(f"unknown rule type {rule.type!r}", where=where, fix=hint, rule=rule.type)
    else:
        arguments.check_names(entry.names)
        check = entry.compile(arguments)
    rows = condition_of(arguments)
    return check if rows is None else conditioned(arguments, check, rows)
