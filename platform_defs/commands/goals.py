"""`adp plan`, `adp goal`, `adp report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from agents.core.catalog import TableId
from platform_defs.commands.printing import Json, emit, markdown, progress, tell

if TYPE_CHECKING:
    from collections.abc import Collection

    from agents.core.plan import Plan
    from resources.platform import Platform

Place = Literal["dev", "staging", "prod"]
Environment = Annotated[Place | None, typer.Option("--environment", "-e", help="Where, unless the words say so.")]
Budget = Annotated[float | None, typer.Option("--budget", min=0, help="USD a month.")]
Text = Annotated[str, typer.Argument(metavar="GOAL", help="The goal in plain words.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(plan)
    app.command()(goal)
    app.command()(report)


def plan(
    text: Text,
    environment: Environment = None,
    budget: Budget = None,
    catalog: Annotated[Path | None, typer.Option("--catalog", help="Plan over this file, touching no source.")] = None,
    json: Json = False,
) -> None:
    """Say what a goal would do; nothing is stored or changed.

    **Examples**

    adp plan "Load the CRM contacts every night at 2am"

    adp plan "Sync orders hourly from the sales database" --catalog catalog.yaml --json
    """
    made = _planned(text, environment, budget, catalog)
    if json:
        emit(made.to_json())
    else:
        _show(made)


def goal(
    text: Text,
    environment: Environment = None,
    budget: Budget = None,
    requester: Annotated[str, typer.Option(help="Who asks; else the user of this computer.")] = "",
    only_plan: Annotated[bool, typer.Option("--plan", help="Store the plan, do not run it.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the end and print the report.")] = True,
    json: Json = False,
) -> None:
    """Submit a goal to the running deployment, watch it, print its report. Exit 1 when it failed or has questions.

    **Examples**

    adp goal "Create a daily pipeline to sync customer orders from SQL Server, with data quality checks"

    adp goal "Load the sales products table every night" --no-wait --json
    """
    from platform_defs import journey
    from platform_defs.client import connect
    from platform_defs.instance import Home
    from resources.platform import Platform
    from resources.settings import load_settings

    settings = load_settings()
    platform = Platform.of(settings)
    config: dict[str, Any] = {
        "goal": text,
        "requester": requester or settings.local_user,
        "mode": "plan" if only_plan else "run",
    }
    config |= {k: v for k, v in (("environment", environment), ("budget", budget)) if v is not None}
    goal_id = journey.submit(connect(Home(settings.state_dir)), platform, config)
    end = journey.follow(platform, goal_id, progress) if wait and not only_plan else platform.store.goal(goal_id)
    if json:
        emit(journey.summary(platform, goal_id))
    else:
        markdown(journey.report(platform, goal_id))
    if end.status in ("questions", "failed", "rolled back", "rejected"):
        raise typer.Exit(1)


def report(
    goal_id: Annotated[str | None, typer.Argument(metavar="ID", help="Such as G-000017; without it, a list.")] = None,
    json: Json = False,
) -> None:
    """Print the report of a goal, or list all goals.

    **Examples**

    adp report

    adp report G-000017 --json
    """
    from platform_defs import journey
    from platform_defs.here import deployed

    platform = deployed()
    if goal_id is None:
        rows = [journey.line(row) for row in platform.store.goals()]
        emit(rows) if json else tell(
            "\n".join(f"{r['goal']}  {r['status']:10}  {r['text']}" for r in rows) or "no goals yet"
        )
    elif json:
        emit(journey.summary(platform, goal_id))
    else:
        markdown(journey.report(platform, goal_id))


def _planned(text: str, environment: Place | None, budget: float | None, file: Path | None) -> Plan:
    """The plan over a catalog file alone, or over this deployment with all that is known of it."""
    from agents.ops.goal import plan_for, worded
    from agents.roles import register_agents
    from resources.platform import Platform
    from resources.settings import load_settings

    settings = load_settings()
    registry = register_agents(settings.extensions)
    if file is None:
        platform = Platform.of(settings)
        return plan_for(registry, platform, text, environment, budget, lambda: _loaded(platform))
    from agents.core.catalog import catalog_from
    from resources.settings import read_yaml

    return worded(registry, catalog_from(read_yaml(file), str(file)), text, environment, budget)


def _loaded(platform: Platform) -> Collection[TableId]:
    """The tables of all assets as the running deployment has them; else every one that has data, taken for loaded."""
    from platform_defs.client import connect
    from platform_defs.instance import Home

    home, places = Home(platform.settings.state_dir), platform.settings.environments
    if home.running():
        return connect(home).tables()
    return [TableId(place, *table[1:]) for place in places for table in platform.lake.tables("dev")]


def _show(made: Plan) -> None:
    for question in made.questions:
        tell(f"? {question.question}")
        for candidate in question.candidates:
            tell(f"    - {candidate}")
    blocked = {u.step: u for u in made.unsupported}
    for step in made.steps:
        after = f"  after {', '.join(step.after)}" if step.after else ""
        tell(f"{step.id:4} phase {step.phase}  {step.agent} {step.action}{after}")
        for name, value in step.inputs.items():
            tell(f"       {name}: {value}")
        if step.id in blocked:
            tell(f"       not done: {blocked[step.id].reason}")
    tell(f"{made.environment}  {made.digest}")
