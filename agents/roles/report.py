"""The report agent: says in words and numbers what a goal brought about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.core.approval import ApprovalRequest
from agents.core.gate import Work
from agents.core.plan import AFTER, Plan
from agents.core.registry import agent
from agents.tools import goals
from agents.tools.goals import GoalFacts

REPORT = agent(
    "report", "Says what was built, what holds on it, when it runs next, and what is missing.", after=AFTER["report"]
)
INBOX = "/assets/platform/approvals"
MARKS = {True: "✓", False: "✗"}
_HELD = {"duplicate_key": "another row has the same key"}
"""Why rows are in quarantine that no rule of the spec holds."""


@REPORT.action("report", effects=())
def report(work: Work) -> Mapping[str, Any]:
    """Render the report of this goal and show it in the UI."""
    found = work.call(goals.facts)
    text = render(found)
    tables = [out for out in found.outputs.values() if "rows" in out]
    numbers = {"tables": len({out["dataset"] for out in tables}), "unsupported": len(found.plan.unsupported)}
    work.call(goals.publish, markdown=text, numbers=numbers)
    return {"report": text}


def render(goal: GoalFacts) -> str:
    """The report as markdown. Holds names and counts, never values of rows."""
    return "\n".join(
        [
            f"# {goal.id}: {_quiet(goal.text)}",
            "",
            f"Environment **{goal.environment}**, asked by {_quiet(goal.requester)}, plan `{goal.plan.digest[:19]}`.",
            *_section("Waiting" if goal.status == "held" else "What went wrong", [goal.reason] if goal.reason else []),
            *_section("Questions", [_question(q.question, q.candidates) for q in goal.plan.questions]),
            *_plan(goal.plan, goal.outputs),
            *_approvals(goal.requests),
            *_releases(goal.outputs),
            *_section("Specs", list(_specs(goal.outputs))),
            *_tables(goal.outputs),
            *_rules(goal.outputs),
            *_section("Back from quarantine", list(_replayed(goal.outputs))),
            *_section(
                "Made faster",
                [f"`{o['dataset']}`: {', '.join(o['made'])}" for o in goal.outputs.values() if "made" in o],
            ),
            *_told(goal.plan, goal.outputs),
            *_shown(goal.outputs),
            *_section("Next run", list(_next_runs(goal.outputs))),
            *_section(
                "Not done: no agent for it is installed",
                [f"{_step(u.agent, u.action)}: {u.reason}" for u in goal.plan.unsupported],
            ),
            "",
        ]
    )


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {line}" for line in lines)] if lines else []


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    if not rows:
        return []
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["", f"## {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *lines]


def _plan(plan: Plan, outputs: Mapping[str, Any]) -> list[str]:
    blocked = {u.step for u in plan.unsupported}
    rows = [
        (s.id, s.phase, s.agent, s.action, _target(s.inputs, outputs), _state(s.id, s.agent, outputs, blocked))
        for s in plan.steps
    ]
    return _table("Plan", ("step", "phase", "agent", "action", "on", "state"), rows)


def _state(step: str, agent_name: str, outputs: Mapping[str, Any], blocked: set[str]) -> str:
    if step in blocked:
        return "not installed"
    return "done" if step in outputs or agent_name == "report" else "not done"


def _target(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    for name in ("destination", "asset", "table", "source", "assets", "scope", "resources"):
        value = inputs.get(name)
        if isinstance(value, Mapping) and "from" in value:
            step, _, output = str(value["from"]).partition(".")
            value = outputs.get(step, {}).get(output, value["from"])
        if value:
            return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return ""


def _approvals(requests: Sequence[ApprovalRequest]) -> list[str]:
    rows = [
        (
            f"[{one.id}]({INBOX}?view=events&partition={one.id})",
            ", ".join(f"`{asset}`" for asset in sorted(one.effects.assets)) or ", ".join(one.effects.effects),
            one.risk.level,
            one.state,
            _words(one),
        )
        for one in requests
    ]
    return _table("Held for people", ("request", "what", "risk", "state", "decided by"), rows)


def _words(request: ApprovalRequest) -> str:
    said = [
        f"{word.choice} by **{_quiet(word.who)}** {datetime.fromtimestamp(word.at, UTC):%Y-%m-%d %H:%M} UTC"
        + (f": {_quiet(word.note)}" if word.note else "")
        for word in request.decisions
    ]
    return "; ".join(said) or _quiet(request.reason) or "nobody yet"


def _releases(outputs: Mapping[str, Any]) -> list[str]:
    """What the deployment agent put in force, how it was tested there, and what it took back."""
    steps = [out for out in outputs.values() if "released" in out or "undone" in out]
    released = [
        (f"`{out['environment']}/{one['asset']}`", _count(one.get("rows")), f"`{one['commit'][:10]}`")
        for out in steps
        for one in out.get("released", ())
    ]
    tested = [
        (f"`{one['asset']}`", one["check"], MARKS.get(one["passed"], "not known"), one["detail"])
        for out in steps
        for one in out.get("smoke", ())
    ]
    reasons = [_quiet(str(reason)) for out in steps for reason in out.get("rolled_back", ())]
    undone = [str(what) for out in steps for what in out.get("undone", ())]
    return [
        *_table("Released", ("asset", "rows", "commit"), released),
        *_table("Smoke test", ("asset", "check", "holds", "found"), tested),
        *_section("Rolled back", reasons),
        *_section("Back as it was", undone),
    ]


def _specs(outputs: Mapping[str, Any]) -> Iterator[str]:
    for out in outputs.values():
        if "product" in out and "dataset" in out:
            commit = f" (commit `{out['commit'][:10]}`)" if out.get("commit") else ""
            changed = _changed(out.get("changed") or ())
            kept = f"; kept as a person wrote it: {', '.join(out['kept'])}" if out.get("kept") else ""
            yield f"`{out['product']}` `{out['dataset']}`: {changed}{commit}{kept}"


def _changed(paths: Sequence[str]) -> str:
    fields = dict.fromkeys(path.partition("/")[0] for path in paths if not path.startswith("rules/"))
    rules = sum(path.startswith("rules/") for path in paths)
    told = [", ".join(fields)] if fields else []
    return "; ".join(told + ([f"{rules} rules"] if rules else [])) or "nothing to change"


def _tables(outputs: Mapping[str, Any]) -> list[str]:
    merged: dict[str, dict[str, Any]] = {}
    for out in outputs.values():
        if "rows" in out:
            entry = merged.setdefault(out["dataset"], {})
            names = ("rows", "rows_read", "rows_landed", "rows_in_quarantine")
            entry |= {k: out[k] for k in names if out.get(k) is not None}
            kept_out = sum(int(out.get(count) or 0) for count in ("rows_erased", "rows_expired"))
            entry["kept out"] = max(entry.get("kept out", 0), kept_out)
            entry["in quarantine"] = entry.get("rows_in_quarantine", 0)
    shown = ["in quarantine", *(["kept out"] if any(e["kept out"] for e in merged.values()) else [])]
    rows = [
        (f"`{name}`", _count(e.get("rows")), _count(e.get("rows_read")), *(_count(e[key]) for key in shown))
        for name, e in merged.items()
    ]
    return _table("Tables", ("table", "rows", "rows read", *shown), rows)


def _replayed(outputs: Mapping[str, Any]) -> Iterator[str]:
    for out in outputs.values():
        done = out.get("replay") or {}
        if done.get("rows_landed") or done.get("rows_superseded") or done.get("refused"):
            told = f"{_count(done['rows_landed'])} rows landed"
            told += f", {_count(done['rows_superseded'])} superseded" if done["rows_superseded"] else ""
            told += f", {_count(done['rows_kept'])} stay"
            if done.get("refused"):
                told = f"nothing: {', '.join(done['refused'])} would fail; {done['back']}"
            yield f"`{out['dataset']}`: {told}"


def _rules(outputs: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            f"`{out['dataset']}`",
            rule["name"],
            "muted" if rule.get("muted") else MARKS[bool(rule["passed"])],
            rule.get("action", ""),
            _count(rule.get("quarantined")),
            rule.get("reason", ""),
        )
        for out in outputs.values()
        for rule in out.get("rules") or ()
        if isinstance(rule, Mapping) and "passed" in rule
    ]
    rows += [
        (f"`{out['dataset']}`", name, "", "quarantine", _count(held), _HELD.get(name, "a rule of before"))
        for out in outputs.values()
        for name, held in (out.get("held_otherwise") or {}).items()
    ]
    return _table("Rules", ("table", "rule", "holds", "when it fails", "in quarantine", "why"), rows)


def _told(plan: Plan, outputs: Mapping[str, Any]) -> list[str]:
    """What steps say in words, each agent's under its name."""
    agents, found = {step.id: step.agent for step in plan.steps}, dict[str, list[str]]()
    for step, out in outputs.items():
        found.setdefault(agents.get(step, "also"), []).extend(out.get("told") or ())
    return [line for name, lines in found.items() for line in _section(name.replace("_", " ").capitalize(), lines)]


def _shown(outputs: Mapping[str, Any]) -> list[str]:
    """Tables that steps gave to be shown, those with one title together."""
    found: dict[str, tuple[Sequence[str], list[Sequence[Any]]]] = {}
    for out in outputs.values():
        if isinstance(shown := out.get("shown"), Mapping):
            found.setdefault(shown["title"], (shown["header"], []))[1].extend(shown["rows"])
    return [line for title, (header, rows) in found.items() for line in _table(title, header, rows)]


def _next_runs(outputs: Mapping[str, Any]) -> Iterator[str]:
    from croniter import croniter

    now = datetime.now(UTC)
    schedules = {out["dataset"]: out["schedule"] for out in outputs.values() if out.get("schedule")}
    for dataset, schedule in schedules.items():
        due: datetime = croniter(schedule, now).get_next(datetime)
        yield f"`{dataset}`: {due:%Y-%m-%d %H:%M} UTC (`{schedule}`)"


def _count(value: Any) -> str:
    return f"{int(value):,}" if value is not None else ""


def _question(question: str, candidates: Sequence[str]) -> str:
    return f"{_quiet(question)}" + (f" Perhaps: {', '.join(f'`{c}`' for c in candidates)}" if candidates else "")


def _step(agent_name: str, action: str) -> str:
    return f"**{agent_name}** {action.replace('_', ' ')}"


def _quiet(text: str) -> str:
    """Text of a person as text: no headings, links or images of its own."""
    line = " ".join(text.split())
    return "".join(f"\\{c}" if c in "[]<>`*|" else c for c in line)
