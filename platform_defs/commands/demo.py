"""`adp demo`: one goal from words to production, with every step in between said."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer

from agents.core.errors import ConfigError
from platform_defs.commands.deployment import Scale, interrupt
from platform_defs.commands.printing import markdown, progress, tell

if TYPE_CHECKING:
    from platform_defs.client import Client
    from resources.platform import Platform

GOAL = (
    "Create a daily pipeline to sync customer orders from SQL Server to Data Lake, "
    "with data quality checks and cost optimization"
)
APPROVER, GROUPS = "approver@demo.local", ("platform", "governance")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    scale: Scale = 1.0,
    goal: Annotated[str, typer.Option(help="Another goal.")] = GOAL,
    environment: Annotated[str, typer.Option("--environment", "-e", help="Where it is to live.")] = "prod",
) -> None:
    """Start a deployment, take one goal through it into production, print the report, stop.

    It is built in dev; its release is held; a local approver with an authenticator of its own looks and approves.

    **Examples**

    adp demo

    adp demo --environment dev --goal "Sync orders and order lines hourly from the sales database to bronze"
    """
    from platform_defs.client import Client, connect
    from platform_defs.deployment import Deployment
    from platform_defs.instance import Home, prepare_sample, prepare_specs
    from resources.platform import Platform
    from resources.settings import load_settings

    signal.signal(signal.SIGTERM, interrupt)
    if (profile := load_settings().profile) != "local":
        raise ConfigError("the demo approves its own release", where=f"profile {profile}", fix="run it on a laptop")
    prepare_specs(load_settings())
    prepare_sample(load_settings(), progress, scale)
    settings = load_settings()
    platform = Platform.of(settings)
    if Home(settings.state_dir).running():
        _run(connect(Home(settings.state_dir)), platform, goal, environment)
        return
    with Deployment(settings, progress) as running:
        _run(Client(running.url), platform, goal, environment)
    tell("Look at it in the UI: make up")


def _run(client: Client, platform: Platform, goal: str, environment: str) -> None:
    from platform_defs import journey

    progress(f"Goal for {environment}: {goal}")
    goal_id = journey.submit(client, platform, {"goal": goal, "requester": "demo", "environment": environment})
    end = journey.follow(platform, goal_id, progress)
    if end.status == "held":
        for request in journey.waiting(platform, goal_id):
            _approve(client, platform, request)
        end = journey.follow(platform, goal_id, progress, decided=True)
    markdown(journey.report(platform, goal_id))
    if end.status != "live":
        raise typer.Exit(1)


def _approve(client: Client, platform: Platform, request: str) -> None:
    """Everything that a person would do, said as it is done."""
    from pyotp.totp import TOTP

    from platform_defs import journey

    _evidence(platform, request)
    if platform.people.find(APPROVER):
        platform.people.revoke(APPROVER, by="demo")
    enrolled = platform.people.add(APPROVER, groups=GROUPS, roles=("approver",), by="demo")
    progress(f"adp approvals add {APPROVER}: a local approver, with an authenticator that only this demo has")
    progress(f"adp decide {request} approve --name {APPROVER} --code ******")
    asked, code = time.monotonic(), TOTP(enrolled.secret).now()
    try:
        done = journey.approve(client, platform, request, name=APPROVER, code=code, note="seen in the demo")
    finally:
        platform.people.revoke(APPROVER, by="demo")  # nobody else has its authenticator: it is to decide once
    progress(f"{request} is {done.state} after {time.monotonic() - asked:.1f} s; the held run starts")


def _evidence(platform: Platform, request: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not (card := platform.approvals.card(request)) and time.monotonic() < deadline:
        time.sleep(0.2)
    progress("What the approver reads:")
    markdown(card)
