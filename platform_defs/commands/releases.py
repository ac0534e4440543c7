"""`adp promote`, `adp rollback`, `adp override`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from platform_defs.commands.printing import Json, emit, markdown, progress, tell

if TYPE_CHECKING:
    from platform_defs.client import Client
    from resources.platform import Platform

POLL_SECONDS = 0.5
ENDED = ("SUCCESS", "FAILURE", "CANCELED", "NOT_FOUND")
Assets = Annotated[list[str], typer.Argument(metavar="ASSET...", help="Such as silver/orders.")]
Requester = Annotated[str, typer.Option(help="Who asks.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(promote)
    app.command()(rollback)
    app.command()(override)


def promote(
    assets: Assets,
    to: Annotated[Literal["staging", "prod"], typer.Option(help="Where to.")] = "prod",
    requester: Requester = "",
    json: Json = False,
) -> None:
    """Release what dev has into staging or production: pinned, materialized, tested, taken back when it fails.

    What needs an approval is held, and the command says where to decide.

    **Examples**

    adp promote silver/orders gold/daily_revenue

    adp promote silver/orders --to staging --json
    """
    launch("deployment", "promote", {"assets": assets, "to": to}, to, requester, json)


def rollback(
    assets: Assets,
    environment: Annotated[Literal["staging", "prod"], typer.Option("--environment", "-e", help="Where.")] = "prod",
    requester: Requester = "",
    json: Json = False,
) -> None:
    """Go back to the release before: its specs and its table versions. Held like a release.

    **Examples**

    adp rollback silver/orders
    """
    launch("deployment", "rollback", {"assets": assets}, environment, requester, json)


def override(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Such as silver/orders.")],
    forbid: Annotated[
        list[str] | None, typer.Option(help="An action agents may not do, or a tool. Again for more.")
    ] = None,
    version: Annotated[list[str] | None, typer.Option(help="A version that stays in force, such as prod=12.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the override back.")] = False,
) -> None:
    """Overrule the agents for one asset, in its product's `defs.yaml` and in your name; it replaces what stood there.

    **Examples**

    adp override silver/orders --forbid pipeline.optimize

    adp override silver/orders --version prod=12

    adp override silver/orders --clear
    """
    from agents.tools.pins import validator
    from resources.platform import Platform
    from resources.settings import load_settings

    if clear == bool(forbid or version):
        raise typer.BadParameter("give --forbid or --version, or --clear")
    platform = Platform.of(load_settings())
    word = {} if clear else _word(forbid or [], version or [])
    found = platform.specs.find(asset)
    check = validator(platform, platform.specs, found[0]) if found else None
    commit = platform.specs.override(asset, word, check)
    where = platform.specs.path(found[0]) if found else asset
    tell(f"{where}: {'written; reload the definitions for it to hold' if commit else 'it says so already'}")


def _word(forbid: list[str], version: list[str]) -> dict[str, Any]:
    versions: dict[str, int] = {}
    for text in version:
        environment, _, number = text.partition("=")
        if not number.isdigit():
            raise typer.BadParameter(f"{text!r} is not ENVIRONMENT=VERSION, such as prod=12")
        versions[environment] = int(number)
    return {key: value for key, value in (("forbid", forbid), ("version", versions)) if value}


def launch(
    agent: str, action: str, inputs: Mapping[str, Any], environment: str, requester: str = "", json: bool = False
) -> None:
    """Run one step of an agent in the deployment, and say how it ended or where people have to decide."""
    from platform_defs.client import connect
    from platform_defs.instance import Home
    from resources.platform import Platform
    from resources.settings import load_settings

    settings = load_settings()
    platform, client = Platform.of(settings), connect(Home(settings.state_dir))
    run_id = client.launch(
        "workflow", step_config(agent, action, inputs, environment, requester or settings.local_user)
    )
    progress(f"run {run_id}")
    outcome = _outcome(platform, client, run_id)
    if json:
        emit(outcome)
    else:
        markdown(str(outcome["report"])) if outcome.get("report") else tell(_words(outcome))
    if outcome["status"] in ("failed", "rolled back"):
        raise typer.Exit(1)


def step_config(agent: str, action: str, inputs: Mapping[str, Any], environment: str, requester: str) -> dict[str, Any]:
    """Run config of `workflow` for one step of an agent and the report on it."""
    route = {"environment": environment, "requester": requester}
    steps = {
        agent: {"id": "s1", "action": action, "inputs": dict(inputs)},
        "report": {"id": "s2", "action": "report"},
    }
    return {
        "execution": {"config": {"in_process": {}}},
        "ops": {
            "route": {"config": route},
            **{name: {"config": {"steps": [step]}} for name, step in steps.items()},
        },
    }


def _outcome(platform: Platform, client: Client, run_id: str) -> dict[str, Any]:
    """Wait until people have to decide, or the run has ended; what is to be said then."""
    from platform_defs import journey

    while True:
        request = platform.approvals.request_of_run(run_id)
        if request is not None and request.open:
            where = journey.where(platform, request.id)
            return {"run": run_id, "status": "held", "request": request.id, "decide": where}
        status, error = client.status(run_id)
        if status in ENDED:
            return _ended(platform, run_id, status, error)
        time.sleep(POLL_SECONDS)


def _ended(platform: Platform, run_id: str, status: str, error: str) -> dict[str, Any]:
    from platform_defs import journey

    goal = next((row.goal.id for row in platform.store.goals() if row.source_run_id == run_id), None)
    outputs = platform.store.outputs(goal).get("s1", {}) if goal else {}
    if status != "SUCCESS" or goal is None:
        return {"run": run_id, "status": "failed", "reason": error or status.lower(), **outputs}
    return {"run": run_id, "goal": goal, **outputs, "report": journey.report(platform, goal)}


def _words(outcome: Mapping[str, Any]) -> str:
    if outcome["status"] == "held":
        return f"{outcome['request']} waits for a decision: {outcome['decide']}"
    return f"{outcome['status']}: {outcome.get('reason', '')}"
