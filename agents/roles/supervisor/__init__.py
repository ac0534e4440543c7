"""The supervisor's planner: goals in plain words become plans over the catalog, or questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agents.core.catalog import Catalog
from agents.core.plan import Plan
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.deriving import draft_model, draft_summary
from agents.roles.supervisor.draft import Draft, Task
from agents.roles.supervisor.drafting import Scope
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.guard import refuse
from agents.roles.supervisor.intents import Action, Clause
from agents.roles.supervisor.loading import ALL, OTHERS, draft_loads
from agents.roles.supervisor.mentions import resolve
from agents.roles.supervisor.releasing import finish
from agents.roles.supervisor.steps import assemble
from agents.roles.supervisor.tasks import draft_task
from agents.roles.supervisor.understanding import Understanding, understand
from agents.tools.goals import refuse_secret_words

__all__ = ["plan_goal"]

# Where one of these leads a clause, a later `load` or `pipeline` in it is a noun.
_LEADS = frozenset({
    ("monitoring", "alert"), ("monitoring", "dashboard"), ("incident", "diagnose"), ("incident", "heal"),
    ("governance", "delete"), ("governance", "retain"), ("cost", "analyze"),
    ("deployment", "rollback"), ("pipeline", "optimize"),
})  # fmt: skip


_SCHEDULES = ("every day at 02:00 UTC (0 2 * * *)", "every Monday at 02:00 UTC (0 2 * * 1)", "every hour (0 * * * *)")


def plan_goal(
    text: str,
    catalog: Catalog,
    *,
    environment: str | None = None,
    budget: float | None = None,
    installed: Collection[tuple[str, str]] | None = None,
    custom: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> Plan:
    """The plan for a goal, or its questions; pure and deterministic. Raises Denied where the text holds a secret.

    `environment` and `budget` (USD a month) hold where the words name none. `installed` are (agent, action) pairs,
    None meaning all; `custom` gives, per agent and action, phrases of agents that users added.
    """
    refuse_secret_words(text)
    place = environment or "dev"
    refusal = refuse(text)
    if refusal:
        return Plan(text, place, budget, (refusal,))
    u = understand(text, catalog, custom or {})
    draft = Draft(_environment(u, environment), budget)
    _ask_first(u, environment, draft)
    if u.budget and u.budget.usd_a_month is not None:
        draft.budget = u.budget.usd_a_month
    if not draft.questions:
        _draft(u, Scope(u), draft, custom or {})
    if not draft.questions:
        finish(u, draft)
    if draft.questions:
        return Plan(text, draft.environment, draft.budget, tuple(draft.questions))
    return assemble(text, draft, installed)


def _environment(u: Understanding, chosen: str | None) -> str:
    return u.environments[0] if u.environments else chosen or "dev"


def _ask_first(u: Understanding, chosen: str | None, draft: Draft) -> None:
    """What must be settled before anything can be planned."""
    named = u.environments
    if len(named) > 1:
        draft.ask("Which environment is meant?", tuple(named))
    elif chosen and named and named[0] != chosen:
        draft.ask(f"The goal says {named[0]}, but {chosen} was chosen. Which one?", (named[0], chosen))
    if u.budget and u.budget.problem:
        draft.ask(u.budget.problem)
    for located in u.schedules:
        if located.value.problem:
            draft.ask(located.value.problem, _SCHEDULES)
    for name in u.missing:
        draft.ask(f"No connection is a {name!r} one. Which is meant?", tuple(sorted(u.finder.catalog.connections)))


def _draft(u: Understanding, scope: Scope, draft: Draft, custom: Mapping[str, object]) -> None:
    later: list[tuple[Clause, Action]] = []
    loading = False
    for clause in u.clauses:
        actions = [action for action in u.actions if clause.start <= action.at < clause.end]
        draft.denied |= {(a.agent, a.action) for a in actions if a.negated}
        actions = [action for action in actions if not action.negated]
        kinds = [(action.agent, action.action) for action in actions]
        if clause.start in u.summaries and ("deployment", "rollback") not in kinds[:1]:
            draft_summary(u, scope, clause, u.summaries[clause.start], draft)
            actions = [a for a in actions if (a.agent, a.action) not in (("pipeline", "ingest"), ("mlops", "train"))]
        elif ("mlops", "train") in kinds and not _only_released(u, clause, kinds):
            draft_model(u, scope, clause, draft)
            actions = [a for a in actions if (a.agent, a.action) not in (("pipeline", "ingest"), ("mlops", "train"))]
        elif (
            ("pipeline", "ingest") in kinds
            or _released_first(u, clause, kinds)
            or (loading and _coordinated(u, clause))
            or (not kinds and loading and (u.in_clause(clause) or OTHERS.search(u.text(clause))))
            or _implied(u, scope, clause, kinds)
        ):
            ingest = next((i for i, kind in enumerate(kinds) if kind == ("pipeline", "ingest")), 0)
            verb = u.reading.tokens[actions[ingest].at].word if kinds else ""
            loading = not any(kind in _LEADS for kind in kinds[:ingest]) and not (ingest and verb.endswith("s"))
            if loading:
                draft.take(draft_loads(u, scope, clause, draft))
            actions = [a for a in actions if (a.agent, a.action) != ("pipeline", "ingest")]
        later += [(clause, action) for action in actions if (action.agent, action.action) != ("mlops", "train")]
    for clause, action in later:
        if action.agent in custom:
            _custom(u, clause, action, draft)
        else:
            draft_task(u, scope, clause, action, draft)


def _coordinated(u: Understanding, clause: Clause) -> bool:
    """`A daily, B hourly and C weekly, all masked`: what was asked of A holds for C."""
    joint = clause.start > 0 and u.reading.tokens[clause.start - 1].claim == "joint"
    return joint and bool(u.in_clause(clause))


def _released_first(u: Understanding, clause: Clause, kinds: Sequence[tuple[str, str]]) -> bool:
    """`put invoices into production`: a table that is not in the lake yet is loaded before it is released."""
    if ("deployment", "promote") not in kinds or {"model", "models"} & set(u.words(clause)):
        return False
    here = [mention for mention in u.in_clause(clause) if not u.negated(mention.at)]
    lake = any(resolve(u.finder, mention, lambda ref: not ref.connection)[0] for mention in here)
    return not lake and any(len(resolve(u.finder, mention, lambda _: True)[0]) == 1 for mention in here)


def _only_released(u: Understanding, clause: Clause, kinds: Sequence[tuple[str, str]]) -> bool:
    """`promote the churn model to production` trains nothing."""
    return kinds[0] == ("deployment", "promote") and not v.TRAIN & set(u.words(clause))


def _implied(u: Understanding, scope: Scope, clause: Clause, kinds: Sequence[tuple[str, str]]) -> bool:
    """Tables with a schedule or a place in the lake ask to be loaded, though no verb says so."""
    here = [mention for mention in u.in_clause(clause) if not u.negated(mention.at)]
    tables = any(resolve(u.finder, mention, lambda ref: bool(ref.connection))[0] for mention in here)
    inside = any(clause.start <= item.at < clause.end for item in (*u.schedules, *u.layers))
    whole = bool(ALL.search(u.text(clause))) and any(clause.start <= item.at < clause.end for item in u.connections)
    return not kinds and (tables or whole) and (inside or u.to_lake)


def _custom(u: Understanding, clause: Clause, action: Action, draft: Draft) -> None:
    refs: list[Ref] = []
    for mention in u.in_clause(clause):
        refs += resolve(u.finder, mention, lambda ref: not ref.connection)[0][:1]
    assets = [ref.name for ref in refs] or draft.assets
    draft.tasks += [Task(action.agent, action.action, asset) for asset in assets] or [Task(action.agent, action.action)]
