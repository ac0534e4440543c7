"""Checks of one table: what regulations ask of every table, or of those with personal data."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.core.errors import PlatformError
from agents.tools.governing.compliance.facts import Finding, Parameters, TableFacts
from agents.tools.governing.retention import due_of

TableCheck = Callable[[TableFacts, Parameters], Finding]
# How the scanner calls what opens other systems.
_SECRETS = ("SECRET", "API_KEY", "PASSWORD", "PRIVATE_KEY", "TOKEN", "CONNECTION_STRING", "CREDENTIAL")


def classified(facts: TableFacts, _: Parameters) -> Finding:
    """Every column's class is known."""
    missing = facts.unclassified
    if facts.is_view or not missing:
        return Finding(True, f"{len(facts.personal)} of {len(facts.columns)} columns hold personal data")
    fix = _goal(facts, f"Scan {facts.table.asset} for PII")
    return Finding(False, f"nobody looked at {_listed(missing)}", fix)


def described(facts: TableFacts, _: Parameters) -> Finding:
    """The spec says what the table is for."""
    said = str(facts.entry.get("description") or "")
    return Finding(True, "described") if said else Finding(False, "no description", "write description: in its spec")


def owned(facts: TableFacts, _: Parameters) -> Finding:
    """Somebody answers for it."""
    owners = facts.entry.get("owners") or []
    if owners:
        return Finding(True, f"owned by {', '.join(map(str, owners))}")
    return Finding(False, "nobody answers for it", "write owners: [team:...] in its spec, or in its product's")


def masked_view(facts: TableFacts, _: Parameters) -> Finding:
    """Readers have a masked view of it."""
    if facts.is_view or not (facts.personal or facts.unclassified):
        return Finding(True, "a masked view itself" if facts.is_view else "it holds no personal data")
    if facts.views:
        return Finding(True, f"readers have {', '.join(facts.views)}")
    fix = _goal(facts, f"Mask {facts.table.asset}")
    return Finding(False, f"no masked view; {_listed(facts.personal) or 'unknown columns'} can be read in clear", fix)


def masked_types(facts: TableFacts, params: Parameters) -> Finding:
    """Columns of certain types are hidden by a masked view that exists."""
    wanted = params.names("types")
    direct = [name for name, pii in facts.personal.items() if not wanted or pii in wanted]
    if facts.is_view or not direct:
        return Finding(True, "no direct identifiers" if not facts.is_view else "a masked view itself")
    if facts.views:
        return Finding(True, f"{_listed(direct)} are masked in {', '.join(facts.views)}")
    return Finding(False, f"{_listed(direct)} identify people", _goal(facts, f"Mask {facts.table.asset}"))


def masked_in_production(facts: TableFacts, params: Parameters) -> Finding:
    """In production, personal data has its masked view."""
    if facts.table.environment != "prod":
        return Finding(True, "not in production")
    return masked_view(facts, params)


def rules(facts: TableFacts, _: Parameters) -> Finding:
    """Quality rules check its rows."""
    found = len(facts.entry.get("rules") or ())
    if found or facts.is_view:
        return Finding(True, f"{found} rules" if found else "its base has the rules")
    return Finding(False, "no rule checks its rows", _goal(facts, f"Check the quality of {facts.table.asset}"))


def retention_declared(facts: TableFacts, _: Parameters) -> Finding:
    """It is said how long rows are kept."""
    if facts.retention:
        return Finding(True, f"{facts.retention.keep_days} days by {facts.retention.column}")
    if facts.is_view or facts.entry.get("sql"):
        return Finding(True, "computed anew from its sources, which say it")
    fix = _goal(facts, f"Keep {facts.table.asset} for 365 days, then archive")
    return Finding(False, "nothing says how long rows are kept", fix)


def retention_kept(facts: TableFacts, params: Parameters) -> Finding:
    """No row is older than its retention allows, unless a legal hold keeps it."""
    if facts.retention is None:
        declared = retention_declared(facts, params)
        return declared if declared.holds else Finding(None, declared.why, declared.fix)
    if facts.retention.hold:
        return Finding(True, "a legal hold keeps every row")
    try:
        due = due_of(facts.platform, facts.table, dict(facts.entry))
    except PlatformError as error:
        return Finding(None, error.what, error.fix)
    late = due.due + due.quarantined
    if not late:
        undated = f"; {due.undated:,} rows say no age" if due.undated else ""
        return Finding(True, f"no row is older than {due.before}{undated}")
    return Finding(
        False,
        f"{late:,} rows are older than {due.before}",
        "approve in platform/approvals what the sensor `retention` asked for",
    )


def retention_minimum(facts: TableFacts, params: Parameters) -> Finding:
    """Rows are kept as long as the law demands at least."""
    days = params.number("days", 0)
    if facts.retention is None:
        return Finding(True, "nothing is deleted by age")
    if max(facts.retention.keep_days, facts.retention.minimum_days if facts.retention.hold else 0) >= days:
        return Finding(True, f"kept {facts.retention.keep_days} days")
    if facts.retention.then == "archive":
        return Finding(True, f"archived after {facts.retention.keep_days} days, deleted by nobody")
    fix = f"retention: keep_days: {days}, or then: archive"
    return Finding(False, f"deleted after {facts.retention.keep_days} days, the law demands {days}", fix)


def no_secrets(facts: TableFacts, _: Parameters) -> Finding:
    """No column holds what opens other systems."""
    found = [name for name, pii in facts.classes.items() if any(word in pii for word in _SECRETS)]
    if found:
        return Finding(False, f"{_listed(found)} hold secrets", "replace them at the source, then erase the columns")
    if facts.unclassified and not facts.is_view:
        return Finding(
            None, f"nobody looked at {_listed(facts.unclassified)}", _goal(facts, f"Scan {facts.table.asset} for PII")
        )
    return Finding(True, "no secrets were found")


TABLE_CHECKS: dict[str, TableCheck] = {
    check.__name__: check
    for check in (
        classified,
        described,
        owned,
        masked_view,
        masked_types,
        masked_in_production,
        rules,
        retention_declared,
        retention_kept,
        retention_minimum,
        no_secrets,
    )
}


def _goal(facts: TableFacts, words: str) -> str:
    """The command that closes a gap where it is."""
    environment = facts.table.environment
    return f'adp goal "{words}"' + (f" -e {environment}" if environment != "dev" else "")


def _listed(names: Iterable[str], limit: int = 4) -> str:
    found = list(names)
    return ", ".join(found[:limit]) + (f" and {len(found) - limit} more" if len(found) > limit else "")
