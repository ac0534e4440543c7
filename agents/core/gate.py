"""The gate: the one way to a tool. Policy decides, the ledger remembers, then the tool runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from agents.core.approval import Facts, Lease
from agents.core.digest import digest
from agents.core.errors import ApprovalRequired, Denied, PolicyError
from agents.core.policy import Decision, Policy, Request, Votes, combined
from agents.core.registry import Effect, Tool
from agents.core.risk import assess

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
        decision, refusal = self._judge(tool, work, assets_of(inputs))
        facts: dict[str, Any] = {"effect": tool.effect, "environment": work.environment, "rules": list(decision.rules)}
        if work.lease:
            facts["requests"] = list(work.lease.requests)
        if refusal:
            self._record(tool, work, "ask" if isinstance(refusal, ApprovalRequired) else "deny", inputs, facts)
            raise refusal
        begun = time.monotonic()
        outcome = "failed"
        try:
            result = tool.run(session, **inputs)
            outcome = "done"
            return result
        finally:
            facts["seconds"] = round(time.monotonic() - begun, 3)
            self._record(tool, work, outcome, inputs, facts)

    def _judge(self, tool: Tool[..., Any], work: Work, assets: list[str]) -> tuple[Decision, PolicyError | None]:
        """The decision, and the error that says why not; every reason against it is looked at before policy is."""
        where = ", ".join(assets[:3])
        for refusal in (*_undeclared(tool, work, where), *_forbidden(tool, work, assets), *_beyond(tool, work, where)):
            return Decision("deny"), refusal
        asked = [request_of(work, tool.effect, tool.name, asset) for asset in assets if self.policy.by_asset]
        asked = asked or [request_of(work, tool.effect, tool.name, assets[0] if assets else None)]
        decision = combined([self.policy.decide(request) for request in asked])
        return decision, None if decision.verdict == "allow" else _refusal(asked[0], decision, where)

    def _record(
        self, tool: Tool[..., Any], work: Work, outcome: str, inputs: Mapping[str, Any], facts: dict[str, Any]
    ) -> None:
        # The inputs themselves may hold SQL or text of a goal: their digest proves which they were.
        self.ledger.append(
            "tool",
            work.agent,
            f"{tool.name}: {outcome}",
            subject=str(inputs.get("asset") or inputs.get("table") or ", ".join(assets_of(inputs)[:3])),
            why=work.goal,
            digest=digest({k: repr(v) for k, v in inputs.items()}),
            trace=work.run_id,
            facts=facts,
        )


def nothing_forbidden(asset: str, what: str) -> str:
    """No person overrides anything."""
    return ""


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent's handler is given: whose goal, where, and `call`, the only way to act.

    `lease` is what people let this run do; its approvals count in its environment alone. `effects` are those that
    the action declares: nothing else can be done in it (None: not known, so only policy decides). `forbidden` is
    asked about an asset and an action (`pipeline.optimize`) or tool, and answers why a person forbade it, or "".
    """

    agent: str
    goal: str
    environment: str
    gate: Gate = field(repr=False)
    session: Any = field(repr=False)
    step: str = ""
    run_id: str = ""
    action: str = ""
    effects: frozenset[Effect] | None = None
    lease: Lease | None = field(default=None, repr=False)
    forbidden: Callable[[str, str], str] = field(default=nothing_forbidden, repr=False)
    log: Callable[[str], None] = field(default=print, repr=False)

    def call(self, tool: Tool[..., R], **inputs: Any) -> R:
        """Call a tool through the gate."""
        return self.gate.call(tool, self.session, self, inputs)

    def doing(self, step: str, action: str, effects: Collection[Effect]) -> Work:
        """The same work while it does one action, which declares these effects."""
        return replace(self, step=step, action=action, effects=frozenset(effects))


def request_of(work: Work, effect: Effect, tool: str, asset: str | None) -> Request:
    """What the policy is asked about one call. Under a lease, the time is that of its issue: who may start may end."""
    lease = work.lease if work.lease and work.lease.effects.environment == work.environment else None
    if lease is None:
        return Request(work.agent, effect, work.environment, tool, asset)
    facts: Facts = lease.facts
    return Request(
        work.agent,
        effect,
        work.environment,
        tool,
        asset,
        Votes.of(lease.approvals),
        requester_known=lease.requester.known,
        risk=assess(lease.effects, facts).level,
        blast_radius=facts.blast_radius,
        pii=facts.pii,
        reversible=facts.reversible,
        monthly_usd=facts.monthly_usd,
        budget_usd=facts.budget_usd,
        at=datetime.fromtimestamp(lease.issued, UTC),
    )


def assets_of(inputs: Mapping[str, Any]) -> list[str]:
    """The lake tables (`layer/table`) that a tool's inputs name, as `asset` or `assets`."""
    named = inputs.get("assets")
    many = [str(entry) for entry in named] if isinstance(named, list | tuple | set | frozenset | Mapping) else []
    one = [str(inputs["asset"])] if inputs.get("asset") else []
    return list(dict.fromkeys(one + many))


def _undeclared(tool: Tool[..., Any], work: Work, where: str) -> Iterator[PolicyError]:
    if work.effects is not None and tool.effect != "read" and tool.effect not in work.effects:
        declared = ", ".join(sorted(work.effects)) or "read"
        yield Denied(
            f"{f'{work.agent}.{work.action}'.rstrip('.')} declares {declared}, and {tool.name} would {tool.effect}",
            where=where,
            fix="declare it where the action is registered: what is approved is what is declared",
        )


def _forbidden(tool: Tool[..., Any], work: Work, assets: list[str]) -> Iterator[PolicyError]:
    for asset in assets:
        for what in ((f"{work.agent}.{work.action}",) if work.action else ()) + (tool.name,):
            if reason := work.forbidden(asset, what):
                yield Denied(f"a person forbade {what}: {reason}", where=asset, fix="change the override, or leave it")


def _beyond(tool: Tool[..., Any], work: Work, where: str) -> Iterator[PolicyError]:
    lease = work.lease
    if lease is None or tool.effect == "read" or lease.effects.environment != work.environment:
        return
    if tool.effect not in lease.effects.effects:
        yield ApprovalRequired(
            f"{tool.name} would {tool.effect}, and this run was approved for {', '.join(lease.effects.effects)} alone",
            where=where,
            fix="ask for it in a run of its own",
        )


def _refusal(request: Request, decision: Decision, where: str) -> PolicyError:
    what = f"{request.principal} may not {request.effect} in {request.environment} with {request.tool}"
    rules = ", ".join(decision.rules)
    if decision.waiting:
        return Denied(f"{what} now", where=where, fix=f"wait: policy {rules} lets it pass at another time")
    if decision.verdict == "ask":
        return ApprovalRequired(
            f"{what} before a person has approved it",
            where=where,
            fix=f"policy {rules} asks for {decision.needs}",
        )
    why = f"policy {rules} forbids it" if rules else "no policy permits it"
    return Denied(what, where=where, fix=f"{why}: see docs/policies.md")
