"""`adp requests`, `adp decide`: what waits for people, and their word on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from platform_defs.commands.printing import Json, emit, markdown, tell

if TYPE_CHECKING:
    from agents.core.approval import ApprovalRequest

Name = Annotated[str, typer.Option(help="Who you are; not needed behind a proxy that says it.")]
Code = Annotated[str, typer.Option(help="The six digits of your authenticator; asked for when left out.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(requests)
    app.command()(decide)


def requests(
    request_id: Annotated[str | None, typer.Argument(metavar="ID", help="Such as AR-000042; else a list.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    json: Json = False,
) -> None:
    """List what is held for a decision, or show the evidence for one request.

    **Examples**

    adp requests

    adp requests AR-000042
    """
    from platform_defs.here import deployed
    from resources.markdown import clean

    approvals = deployed().approvals
    if request_id is None:
        found = approvals.requests() if every else approvals.requests(("pending",))
        emit([_line(one) for one in found]) if json else tell("\n".join(map(_words, found)) or "nothing waits")
        return
    one = approvals.request(request_id)
    card = approvals.card(request_id)
    if json:
        emit({**_line(one), "effects": one.effects.to_json(), "decisions": one.decisions, "card": card})
    else:
        tell(_words(one))
        for word in one.decisions:
            tell(f"  {word.choice} by {word.who}" + (f": {clean(word.note, 2000, emails=False)}" if word.note else ""))
        markdown(card or "Its evidence is being gathered; look again in a moment.")


def decide(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="Such as AR-000042.")],
    decision: Annotated[Literal["approve", "reject", "revoke"], typer.Argument()],
    name: Name = "",
    code: Code = "",
    note: Annotated[str, typer.Option(help="Reaches the requester.")] = "",
) -> None:
    """Approve, reject or revoke a request, as the UI does: through the running deployment, with your code.

    **Examples**

    adp decide AR-000042 approve --name ada@example.com

    adp decide AR-000042 reject --name ada@example.com --note "not before the audit"
    """
    from platform_defs import journey
    from platform_defs.client import connect
    from platform_defs.here import deployed
    from platform_defs.instance import Home

    platform = deployed()
    client = connect(Home(platform.settings.state_dir))
    if name and not code:
        code = typer.prompt("Code", hide_input=True)
    done = journey.approve(client, platform, request_id, name=name, code=code, note=note, decision=decision)
    tell(_words(done))


def _line(one: ApprovalRequest) -> dict[str, Any]:
    return {
        "request": one.id,
        "state": one.state,
        "environment": one.environment,
        "assets": sorted(one.effects.assets),
        "requester": one.requester.name,
        "risk": one.risk.level,
        "goal": one.goal,
        "quorum": one.quorum,
        "groups": sorted(one.groups),
        "approvals": sum(decision.choice == "approve" for decision in one.decisions),
        "created": _time(one.created),
        "expires": _time(one.expires),
        "reason": one.reason,
        "digest": one.digest,
    }


def _words(one: ApprovalRequest) -> str:
    """One line; texts of people without what a terminal would obey."""
    from agents.tools.evidence.wording import title
    from resources.markdown import clean, moment

    what = title(one.effects).replace("`", "").replace("**", "")
    given, groups = _line(one)["approvals"], f" of {' and '.join(sorted(one.groups))}" if one.groups else ""
    until = f", until {moment(one.expires)}" if one.open or one.state == "granted" else ""
    votes = f"{given} of {one.quorum} approvals{groups}"
    tail = f": {clean(one.reason, 200, emails=False)}" if one.reason else ""
    asked = f"asked by {clean(one.requester.name, emails=False)} {moment(one.created)}"
    return f"{one.id}  {one.state:10}  {one.risk.level:8}  {what}; {asked}, {votes}{until}{tail}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
