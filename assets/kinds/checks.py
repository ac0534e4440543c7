"""Quality rules as Dagster asset checks."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from assets.kinds.spec import Rule


def check_specs(key: dg.AssetKey, rules: Sequence[Rule]) -> list[dg.AssetCheckSpec]:
    """One check a rule, in the rules' order; a rule that blocks stops what is downstream."""
    if not rules:
        return []
    from assets.kinds.rules.names import check_names

    return [
        dg.AssetCheckSpec(
            name,
            asset=key,
            description=said_of(rule),
            blocking=blocks(rule),
            metadata={
                "rule": rule.type,
                "action": rule.meta.action,
                **({"rows": rule.condition} if rule.condition else {}),
                **({"muted": True} if rule.meta.muted else {}),
            },
        )
        for name, rule in zip(check_names(rules), rules, strict=True)
    ]


def said_of(rule: Rule) -> str:
    """Why a rule stands. Dagster knows no verdict "not asked" and shows a muted one as a success: the words tell."""
    reason = rule.meta.reason or rule.type
    return f"muted by a person, not checked: {reason}" if rule.meta.muted else reason


def blocks(rule: Rule) -> bool:
    """Whether the rule's failure refuses the table's new version."""
    return rule.meta.action == "block" and not rule.meta.muted
