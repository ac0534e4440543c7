"""`adp policy`: are the policies valid, what do they say of a request, and do they decide as expected?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agents.core.errors import ConfigError
from platform_defs.commands.printing import Json, emit, tell

if TYPE_CHECKING:
    from agents.core.policy import Decision, Policy

policy = typer.Typer(help="What agents and people may do, and who has to approve it.", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option("--folder", help="Policies to look at, instead of those in force.")]
Asked = Literal["read", "write_spec", "write_data", "external", "provision", "delete", "spend", "approve"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(policy, name="policy")


@policy.command("check")
def check(
    effect: Annotated[Asked | None, typer.Option(help="What somebody wants to do.")] = None,
    environment: Annotated[Literal["dev", "staging", "prod"], typer.Option("--environment", "-e")] = "prod",
    principal: Annotated[str, typer.Option(help="Who: an agent, or with --person a person.")] = "pipeline",
    person: Annotated[bool, typer.Option("--person")] = False,
    tool: Annotated[str, typer.Option(help="The tool; `run` for a whole run.")] = "run",
    asset: Annotated[str | None, typer.Option(help="layer/table")] = None,
    approvals: Annotated[int, typer.Option(min=0, help="How many people approved.")] = 0,
    group: Annotated[list[str] | None, typer.Option(help="A group of who approved; may be repeated.")] = None,
    requester_unknown: Annotated[bool, typer.Option("--requester-unknown")] = False,
    risk: Annotated[Literal["low", "medium", "high", "critical"], typer.Option()] = "medium",
    blast_radius: Annotated[int, typer.Option(min=0, help="How many assets depend on it.")] = 0,
    pii: Annotated[Literal["none", "masked", "unmasked", "unknown"], typer.Option()] = "unknown",
    irreversible: Annotated[bool, typer.Option("--irreversible")] = False,
    monthly_usd: Annotated[float | None, typer.Option(help="What it costs a month.")] = None,
    budget_usd: Annotated[float | None, typer.Option(help="What it may cost a month.")] = None,
    at: Annotated[datetime | None, typer.Option(help="When, UTC; now when left out.")] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Check that the policies are valid; with --effect, say which rule decides such a request.

    **Examples**

    adp policy check

    adp policy check --effect write_data --environment prod --pii masked --json
    """
    from agents.core.policy import Request, Votes

    found, decision = _load(folder), None
    if effect:
        request = Request(
            principal,
            effect,
            environment,
            tool,
            asset,
            approvals=Votes(approvals, frozenset(group or ())),
            person=person,
            requester_known=not requester_unknown,
            risk=risk,
            blast_radius=blast_radius,
            pii=pii,
            reversible=not irreversible,
            monthly_usd=monthly_usd,
            budget_usd=budget_usd,
            at=at.replace(tzinfo=UTC) if at else None,
        )
        decision = found.decide(request)
    _show(found, decision, json)


@policy.command("test")
def decide_cases(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Cases; tests/policies/*.yaml when left out.")
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Decide the requests of YAML cases and compare; exit 1 when a decision is not as expected.

    **Examples**

    adp policy test

    adp policy test our_cases.yaml --folder drafts/policies
    """
    from platform_defs.policy_cases import run_cases

    found = _load(folder)
    outcomes = [outcome for file in files or _shipped_cases() for outcome in run_cases(found, file)]
    missed = [outcome for outcome in outcomes if outcome.misses]
    if json:
        emit(
            [
                {"name": o.case.name, "where": o.case.where, "decision": _json(o.decision), "misses": o.misses}
                for o in outcomes
            ]
        )
    else:
        for outcome in missed:
            tell(f"{outcome.case.where}: {outcome.case.name}")
            for miss in outcome.misses:
                tell(f"    {miss}")
        tell(f"{len(outcomes)} cases, " + (f"{len(missed)} not as expected" if missed else "all as expected"))
    if missed:
        raise typer.Exit(1)


def _load(folder: Path | None) -> Policy:
    from agents.core.policy import Policy
    from resources.settings import load_settings

    return Policy(folder or load_settings().policies)


def _shipped_cases() -> list[Path]:
    from resources.settings import load_settings

    folder = load_settings().project / "tests" / "policies"
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError("no cases here", where=str(folder), fix="name a file: adp policy test FILE")
    return files


def _show(found: Policy, decision: Decision | None, json: bool) -> None:
    if json:
        facts = {"folder": str(found.folder), "digest": found.stamp, "policies": list(found.names)}
        emit(facts | ({"decision": _json(decision)} if decision else {}))
    else:
        tell(_told(decision) if decision else f"valid: {len(found.names)} policies in {found.folder}")


def _json(decision: Decision) -> dict[str, object]:
    return {
        "verdict": decision.verdict,
        "rules": list(decision.rules),
        "quorum": decision.quorum,
        "groups": sorted(decision.groups),
        "waiting": decision.waiting,
    }


def _told(decision: Decision) -> str:
    by = f" ({', '.join(decision.rules)})" if decision.rules else " (no policy permits it)"
    if decision.waiting:
        return f"wait: nothing but the time is against it{by}"
    return f"{decision.verdict}{f': {decision.needs}' if decision.needs else ''}{by}"
