"""What a draft still needs before it is a plan: what production implies, what was ruled out."""

from __future__ import annotations

from dataclasses import replace

from agents.roles.supervisor.aggregation import RICHER, beyond
from agents.roles.supervisor.draft import Draft, Task
from agents.roles.supervisor.guard import EXAMPLES
from agents.roles.supervisor.mentions import resolve
from agents.roles.supervisor.released import released
from agents.roles.supervisor.steps import model_asset
from agents.roles.supervisor.understanding import Understanding

_PLATFORM = ("data_factory", "storage_account")


def finish(u: Understanding, draft: Draft) -> None:
    """Complete the draft in place, or ask."""
    deployments = [task for task in draft.tasks if task.agent == "deployment"]
    draft.tasks = [task for task in draft.tasks if task.agent != "deployment"]
    _budget(draft)
    _deploy(u, draft, deployments)
    if draft.environment == "prod" and (draft.builds or any(task.action == "mask" for task in draft.tasks)):
        _production(draft)
    draft.tasks = [task for task in draft.tasks if (task.agent, task.action) not in draft.denied]
    draft.tasks = [_scoped(task, draft) for task in draft.tasks]
    if not draft.questions and not draft.builds and not draft.tasks:
        _nothing(u, draft)


def _budget(draft: Draft) -> None:
    if draft.budget is not None:
        draft.tasks.append(Task("cost", "enforce_budget", inputs={"budget": draft.budget}))


def _scoped(task: Task, draft: Draft) -> Task:
    """Costs of a plan that builds are those of what it builds."""
    if task.agent == "cost" and "scope" in task.inputs and draft.assets:
        return replace(task, inputs={"scope": draft.assets})
    return task


def _deploy(u: Understanding, draft: Draft, deployments: list[Task]) -> None:
    for task in deployments:
        assets = released(u, draft, _made(draft), task.inputs["clause"], task.action)
        if assets is None:
            return
        if task.action == "rollback":
            if not u.environments and draft.environment == "dev":
                draft.environment = "prod"  # what was released is there, unless the words say otherwise
            draft.tasks.append(Task("deployment", "rollback", inputs={"assets": assets}))
        else:
            target = draft.environment if u.environments or draft.environment != "dev" else "prod"
            if target == "dev":
                continue
            draft.environment = target
            draft.tasks.append(Task("deployment", "promote", inputs={"assets": assets, "to": target}))


def _made(draft: Draft) -> list[str]:
    masked = [f"masked/{task.asset.partition('/')[2]}" for task in draft.tasks if task.action == "mask" and task.asset]
    return sorted({*draft.assets, *(model_asset(model) for model in draft.models), *masked})


def _production(draft: Draft) -> None:
    """Production data needs a place to run, checks, a release and someone to notice when it fails."""
    asked = {(task.agent, task.action) for task in draft.tasks}
    if draft.loads and not any(task.agent == "infrastructure" for task in draft.tasks):
        draft.tasks.append(
            Task("infrastructure", "provision", inputs={"resources": list(_PLATFORM), "budget": draft.budget})
        )
    checked = {task.asset for task in draft.tasks if (task.agent, task.action) == ("quality", "validate")}
    draft.tasks += [Task("quality", "validate", asset) for asset in draft.assets if asset not in checked]
    assets = _made(draft)
    if ("deployment", "promote") not in asked:
        draft.tasks.append(Task("deployment", "promote", inputs={"assets": assets, "to": "prod"}))
    if ("monitoring", "alert") not in asked:
        draft.tasks += [Task("monitoring", "alert", asset, {"when": "late, failed"}) for asset in assets]


def _nothing(u: Understanding, draft: Draft) -> None:
    refs = [ref for m in u.mentions for ref in resolve(u.finder, m, lambda _: True)[0][:1]]
    richer = RICHER.search(u.reading.flat)
    if richer:
        draft.ask(beyond(richer.group()))
    elif refs:
        draft.ask(
            f"What should be done with {', '.join(str(ref) for ref in refs[:3])}?",
            ("ingest", "validate", "scan for personal data", "mask", "delete"),
        )
    else:
        draft.ask("What should be built or done, and with which tables?", EXAMPLES)
