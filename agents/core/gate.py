"""The gate: the one way to a tool. Policy decides, the ledger remembers, then the tool runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from agents.core.digest import digest
from agents.core.errors import ApprovalRequired, Denied
from agents.core.policy import Decision, Policy, Request
from agents.core.registry import Tool

R = TypeVar("R")


class Recorder(Protocol):
    """What the gate needs of a ledger."""

    def append(
        self,
        kind: str,
        who: str,
        what: str,
        *,
        subject: str = "",
        why: str = "",
        digest: str = "",
        trace: str = "",
        facts: Mapping[str, Any] = ...,
    ) -> int:
        """Add one record; its number."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """Passes calls on or refuses them; every call leaves its decision and its outcome in the ledger."""

    policy: Policy
    ledger: Recorder

    def call(self, tool: Tool[..., R], session: Any, work: Work, inputs: Mapping[str, Any]) -> R:
        """Run `tool` for `work`, or raise `Denied` or `ApprovalRequired`. Nothing has happened when it raises."""
        asset = inputs.get("asset")
        request = Request(
            work.agent, tool.effect, work.environment, tool.name, str(asset) if asset else None, work.approved
        )
        decision = self.policy.decide(request)
        facts: dict[str, Any] = {"effect": tool.effect, "environment": work.environment, "rules": list(decision.rules)}
        if decision.verdict != "allow":
            self._record(tool, work, decision.verdict, inputs, facts)
            raise _refusal(request, decision)
        begun = time.monotonic()
        outcome = "failed"
        try:
            result = tool.run(session, **inputs)
            outcome = "done"
            return result
        finally:
            facts["seconds"] = round(time.monotonic() - begun, 3)
            self._record(tool, work, outcome, inputs, facts)

    def _record(
        self, tool: Tool[..., Any], work: Work, outcome: str, inputs: Mapping[str, Any], facts: dict[str, Any]
    ) -> None:
        # The inputs themselves may hold SQL or text of a goal: their digest proves which they were.
        self.ledger.append(
            "tool",
            work.agent,
            f"{tool.name}: {outcome}",
            subject=str(inputs.get("asset") or inputs.get("table") or ""),
            why=work.goal,
            digest=digest({k: repr(v) for k, v in inputs.items()}),
            trace=work.run_id,
            facts=facts,
        )


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent's handler is given: whose goal, where, and `call`, the only way to act."""

    agent: str
    goal: str
    environment: str
    gate: Gate = field(repr=False)
    session: Any = field(repr=False)
    step: str = ""
    run_id: str = ""
    approved: bool = False
    log: Callable[[str], None] = field(default=print, repr=False)

    def call(self, tool: Tool[..., R], **inputs: Any) -> R:
        """Call a tool through the gate."""
        return self.gate.call(tool, self.session, self, inputs)


def _refusal(request: Request, decision: Decision) -> Denied | ApprovalRequired:
    what = f"{request.principal} may not {request.effect} in {request.environment} with {request.tool}"
    if decision.verdict == "ask":
        return ApprovalRequired(
            f"{what} before a person has approved it",
            where=request.asset or "",
            fix=f"policy {', '.join(decision.rules)} asks for an approval",
        )
    return Denied(what, where=request.asset or "", fix="no policy permits it: see agents/policies")
