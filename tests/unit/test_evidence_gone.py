"""The card of a deletion: what will be gone, from where, how many rows, and that nothing brings it back."""

from __future__ import annotations

from typing import Any

from agents.core.approval import ApprovalRequest, Effects, Facts, Requester, RunFacts
from agents.tools.evidence import Known, card_of
from tests.unit.test_retention import Stage, before
from tests.unit.test_retention import stage as visits
from tests.unit.test_staying_away import ADA, Shop
from tests.unit.test_staying_away import shop as clients

__all__ = ["clients", "visits"]


def held(stage: Stage, action: str, **inputs: Any) -> ApprovalRequest:
    """The request that a step of the governance agent makes."""
    step = {"id": "s1", "agent": "governance", "action": action, "inputs": inputs}
    effects = Effects("dev", ("delete",), {f"dev/{asset}": "sha256:0" for asset in inputs.get("assets", ())}, (step,))
    run = RunFacts("run-1", "workflow", effects, Requester("dora", True), Facts(reversible=False))
    return stage.platform.approvals.request(stage.platform.approvals.submit(run).request)


def card(stage: Stage, action: str, **inputs: Any) -> str:
    return card_of(stage.platform, held(stage, action, **inputs), known=Known())


def test_a_retention_says_what_leaves_and_what_is_archived(visits: Stage) -> None:
    said = card(visits, "expire", asset="bronze/visits", before=before(), assets=["bronze/visits", "gold/all_visits"])
    assert f"let go of rows of `bronze/visits` older than `{before()}`, in `dev`" in said.splitlines()[0]
    assert "What will be gone, and cannot be taken back" in said
    assert "| `dev/bronze/visits` | 2 of 6 | archived to `cold/bronze/visits`, then deleted |" in said
    assert "| its quarantine and log | 3 | deleted for good, not archived |" in said
    assert "| `dev/gold/all_visits` | what is made of them |" in said
    assert "| `dev/bronze/visits` | 1 | stay: `seen_at` says no age |" in said
    assert "no way back" in said
    assert "pins a version" not in said


def test_an_erasure_says_where_the_person_was_found_and_what_a_legal_hold_keeps(clients: Shop) -> None:
    subject = str(clients.subject(ADA))
    asked = {"subject": subject, "assets": ["bronze/clients", "gold/emails"]}
    assert "nobody looked for this person" in card(clients, "erase", **asked)
    facts = {"environment": "dev", "tables": {"bronze/clients": 2, "bronze/visits": 1}, "held": ["bronze/visits"]}
    clients.platform.ledger.append("subject", "dora", "to be erased", subject=subject, facts=facts)
    said = card(clients, "erase", **asked, follow=["id"])
    assert f"erase `{subject}` from 2 tables, in `dev`" in said.splitlines()[0]
    assert "| `dev/bronze/clients` | 2 | erased from every version and file |" in said
    assert "| `dev/bronze/visits` | 1 | stay: a legal hold is on the table |" in said
    assert "| `dev/gold/emails` | what is made of them |" in said
    assert "do not land" in said
    assert ADA not in said


def test_the_deletion_of_a_table_counts_all_of_it(visits: Stage) -> None:
    said = card(visits, "delete", asset="bronze/visits")
    assert "| `dev/bronze/visits` | 6 | the table is deleted with every file and version |" in said
    assert "| `dev/quarantine/bronze_visits` | 2 |" in said


def test_letting_somebody_come_back_says_who_erased_them(clients: Shop) -> None:
    clients.erase(ADA)
    said = card(clients, "allow", people=[str(clients.subject(ADA))])
    assert "What would land again" in said
    assert "erased by `AR-000001`" in said


def test_a_table_that_cannot_be_counted_hides_nothing_else(visits: Stage) -> None:
    said = card(visits, "expire", asset="bronze/nothing", before=before())
    assert "not known" in said
