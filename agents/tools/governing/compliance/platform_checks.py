"""Checks of the deployment as a whole: its audit trail, its policies, its people, its storage."""

from __future__ import annotations

from collections.abc import Callable

from agents.core.errors import PlatformError
from agents.core.policy import Request, Votes
from agents.core.registry import Effect
from agents.core.subject import PURPOSE, Hasher
from agents.tools.governing.compliance.facts import Finding, Parameters
from resources.markdown import count
from resources.platform import Platform

PlatformCheck = Callable[[Platform, Parameters], Finding]
_EVERYBODY = Votes(99, frozenset({"platform", "governance"}))
_LOOKING = ("subject", "read")
_SEEN = 300


def ledger_intact(platform: Platform, _: Parameters) -> Finding:
    """The audit trail is whole, from its first record to its anchor."""
    found = platform.ledger.verify()
    if not found.records:
        return Finding(None, "nothing was recorded yet")
    if found.ok and found.anchored:
        return Finding(True, f"{found.records:,} records, each chained to the one before")
    where = f"from record {found.first_bad} on" if found.first_bad else "its end does not fit the anchor"
    return Finding(False, f"the audit trail was changed: {where}", "adp ledger verify; find out who")


def access_recorded(platform: Platform, _: Parameters) -> Finding:
    """Who looked at personal data is in the audit trail."""
    looks = sum(1 for kind in _LOOKING for _ in platform.ledger.records(kind=kind))
    tools = sum(1 for record in platform.ledger.records(kind="tool") if record.entry.what.startswith("privacy."))
    return Finding(True, f"{looks:,} looks by people and {tools:,} scans are recorded, each call of a tool as well")


def policy_forbids_unmasked(platform: Platform, _: Parameters) -> Finding:
    """No approval lets unmasked personal data into production."""
    decision = platform.policy().decide(_request("write_data", "prod", pii="unmasked", approvals=_EVERYBODY))
    if decision.verdict == "deny":
        return Finding(True, f"policy {', '.join(decision.rules)} denies it, whoever approves")
    return Finding(False, "policy lets it pass with approvals", "forbid it: see examples in agents/policies")


def policy_asks_for_deletion(platform: Platform, _: Parameters) -> Finding:
    """Deleting asks people in every environment."""
    places = [name for name in platform.settings.environments if not _asked(platform, "delete", name)]
    if places:
        return Finding(False, f"nobody is asked in {', '.join(places)}", "require context.approvals for delete")
    rules = platform.policy().decide(_request("delete", "prod")).rules
    return Finding(True, f"policy {', '.join(rules)} asks people before anything is deleted")


def policy_asks_for_production(platform: Platform, _: Parameters) -> Finding:
    """Changing production asks people."""
    if _asked(platform, "write_data", "prod") and _asked(platform, "write_spec", "prod"):
        return Finding(True, "policy asks people before production changes")
    return Finding(False, "production changes without anybody being asked", "require context.approvals in prod")


def duties_separated(platform: Platform, _: Parameters) -> Finding:
    """Nobody approved what they had asked for."""
    requests = platform.approvals.requests(("granted", "expired", "revoked", "superseded"), limit=_SEEN)
    own = [
        request.id
        for request in requests
        for word in request.decisions
        if word.choice == "approve" and word.who in (request.requester.name, *request.requester.claimed)
    ]
    if own:
        return Finding(False, f"{', '.join(own[:5])}: approved by who asked", "revoke them: adp approvals")
    return Finding(True, f"{len(requests)} decided requests, none by who asked")


def people_named(platform: Platform, _: Parameters) -> Finding:
    """People are known by name: by an authenticating proxy, or by authenticator codes."""
    if platform.settings.user_header:
        return Finding(True, "an authenticating proxy names every person")
    people = platform.people.all()
    if people:
        return Finding(True, f"{len(people)} people, each with an authenticator of their own")
    return Finding(False, "nobody is enrolled", "adp approvals add NAME, or put an authenticating proxy before it")


def two_approvers(platform: Platform, _: Parameters) -> Finding:
    """Two people at least can approve, so that a quorum can be met and nobody has to approve alone."""
    able = [person.name for person in platform.people.all() if person.has("approver")]
    if len(able) >= 2:
        return Finding(True, f"{len(able)} people can approve")
    if platform.settings.role_groups.get("approver"):
        return Finding(True, f"the proxy's group {platform.settings.role_groups['approver']} can approve")
    return Finding(False, f"{len(able)} can approve", "adp approvals add NAME --role approver --group governance")


def subject_requests(platform: Platform, _: Parameters) -> Finding:
    """What finding, exporting and erasing a person needs is there."""
    try:
        platform.keys.derived(PURPOSE)
    except PlatformError as error:
        return Finding(False, error.what, error.fix)
    keys = {Hasher(key).fingerprint for key in platform.keys.all_derived(PURPOSE)}
    erased = [(name, each) for name in platform.settings.environments for each in platform.erasures.of(name)]
    if lost := {(name, each.subject) for name, each in erased if each.key not in keys}:
        what = f"{len(lost):,} erased people cannot be kept out: the key of their hashes is gone"
        return Finding(False, what, "put the former ENCRYPTION_KEY behind the present one")
    requests = sorted({each.request for _, each in erased if each.request})
    people = len({(name, each.subject) for name, each in erased})
    done = f"{count(people, 'person', 'people')} erased and kept out of later loads"
    told = f"{done} ({', '.join(requests[-3:])})" if requests else done
    where = "tables, quarantine and all versions" + (", archive" if platform.settings.lake_cold else "")
    return Finding(True, f"{told}; adp privacy subject find, export, erase reach {where}")


def encrypted_at_rest(platform: Platform, _: Parameters) -> Finding:
    """The lake lies in a storage that encrypts; of a folder only its owner knows."""
    roots = {**platform.settings.lake_roots, "cold": platform.settings.lake_cold}
    local = [name for name, root in roots.items() if root and "://" not in root]
    if not local:
        return Finding(True, "Azure Storage encrypts every root")
    what = f"the {', '.join(local)} roots are folders: whether their disk is encrypted is not known here"
    return Finding(None, what, "encrypt the disk, or move the lake to abfss://")


def notified(platform: Platform, _: Parameters) -> Finding:
    """Failures reach people."""
    settings = platform.settings
    if settings.notify_webhook or settings.smtp.host:
        return Finding(True, "failures are told by " + ("webhook" if settings.notify_webhook else "mail"))
    return Finding(False, "failures reach the log alone", "set ADP_NOTIFY_WEBHOOK or ADP_SMTP_HOST")


PLATFORM_CHECKS: dict[str, PlatformCheck] = {
    check.__name__: check
    for check in (
        ledger_intact,
        access_recorded,
        policy_forbids_unmasked,
        policy_asks_for_deletion,
        policy_asks_for_production,
        duties_separated,
        people_named,
        two_approvers,
        subject_requests,
        encrypted_at_rest,
        notified,
    )
}


def _asked(platform: Platform, effect: Effect, environment: str) -> bool:
    return platform.policy().decide(_request(effect, environment)).verdict != "allow"


def _request(effect: Effect, environment: str, *, pii: str = "none", approvals: Votes | None = None) -> Request:
    return Request("governance", effect, environment, "run", approvals=approvals or Votes(), pii=pii)
