"""Everything but building: checking, governing, saving, watching, releasing."""

from __future__ import annotations

import re

from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.deriving import prefer_lake
from agents.roles.supervisor.draft import Draft, Task
from agents.roles.supervisor.drafting import Scope, landed
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.intents import PRIVATE, Action, Clause
from agents.roles.supervisor.loading import ALL, PRONOUN
from agents.roles.supervisor.mentions import Mention, offered, resolve
from agents.roles.supervisor.understanding import Understanding, find_days_in

_WHEN = (
    (
        "late",
        re.compile(
            r"\b(?:late|delay\w*|stale|fresh\w*|overdue|not (?:arriv|updat|refresh)\w*|missing|behind|sla|slo)\b"
        ),
    ),
    ("failed", re.compile(r"\b(?:fail\w*|break\w*|broken?|errors?|crash\w*|down|outages?|goes wrong|stops?)\b")),
    ("quality", re.compile(r"\b(?:quality|bad|invalid|checks?|rules?|anomal\w+|validation)\b")),
    ("schema", re.compile(r"\b(?:schema|column\w* (?:change|added|removed)\w*)\b")),
    ("volume", re.compile(r"\b(?:volume|empty|row counts?|no rows|too few|drops?)\b")),
    ("cost", re.compile(r"\b(?:costs?|spend\w*|budget|expensive)\b")),
)
_SOME_ROWS = re.compile(
    r"\b(?:who|whom|whose|where|which|that (?:are|is|have|has|were|was|no longer))\b[\w ]*|\b(?:with|without|for|"
    r"of) (?:customer|user|id|the person)\b[\w ]*"
)
_AFTER_OBJECT = frozenset({"from", "in", "of", "on", "with", "within", "at", "for", ",", "and", "then", ".", ";"})
_EVERY_ONE = re.compile(
    r"\b(?:all|everything|both|each)(?: of (?:them|it|these))?(?: (?:to|should|must) be)? "
    r"\w+ed\b"
)
_ASSETLESS = frozenset(
    {("cost", "analyze"), ("cost", "optimize"), ("cost", "enforce_budget"), ("governance", "comply")}
)
_ONE_VERB = frozenset({"monitoring", "incident"})


def draft_task(u: Understanding, scope: Scope, clause: Clause, action: Action, draft: Draft) -> None:
    """Add what one action asks for, over the tables its clause means."""
    name = (action.agent, action.action)
    if name in _ASSETLESS:
        _without_asset(u, clause, action, draft)
    elif action.agent == "infrastructure":
        _infrastructure(u, clause, action, draft)
    elif action.agent == "deployment":
        draft.tasks.append(Task(*name, inputs={"clause": clause.start}))
    elif name == ("governance", "scan_pii"):
        _scan(u, scope, clause, draft)
    elif name == ("monitoring", "dashboard"):
        assets = sorted(_assets(u, scope, clause, draft) or [])
        draft.tasks.append(Task(*name, inputs={"assets": assets}))
    else:
        _with_asset(u, scope, clause, action, draft)


def _without_asset(u: Understanding, clause: Clause, action: Action, draft: Draft) -> None:
    if action.action == "enforce_budget":
        if draft.budget is None:
            draft.ask("What is the limit in USD a month?")
        return
    if action.action == "comply":
        named = [v.REGULATIONS[word.replace(" ", "")] for word in u.words(clause) if word in v.REGULATIONS]
        named += ["SOC2"] if "soc 2" in u.text(clause) else []
        named = named or [v.REGULATIONS[t.word] for t in u.reading.tokens if t.word in v.REGULATIONS]
        if not named:
            draft.ask("With which regulation?", tuple(sorted(set(v.REGULATIONS.values()))))
        draft.tasks += [Task("governance", "comply", inputs={"regulation": regulation}) for regulation in named]
        return
    draft.tasks.append(Task(action.agent, action.action, inputs={"scope": "platform"}))


def _infrastructure(u: Understanding, clause: Clause, action: Action, draft: Draft) -> None:
    text = u.text(clause)
    names = sorted(v.RESOURCES, key=len, reverse=True)
    found: set[str] = set()
    for name in names:
        text, count = re.subn(rf"\b{re.escape(name)}\b", "_", text)
        if count and v.RESOURCES[name]:
            found.add(v.RESOURCES[name])
    if not found:
        draft.ask("Which resources?", tuple(sorted(set(v.RESOURCES.values()) - {""})))
        return
    inputs: dict[str, object] = {"resources": sorted(found)}
    if action.action == "provision":
        inputs["budget"] = draft.budget
    draft.tasks.append(Task("infrastructure", action.action, inputs=inputs))


def _scan(u: Understanding, scope: Scope, clause: Clause, draft: Draft) -> None:
    refs = _refs(u, scope, clause, draft)
    if refs is None:
        return
    made = {load.ref: load.asset for load in draft.loads}
    if not refs:
        refs = list(made)
    if not refs:
        draft.ask("Which tables should be scanned for personal data?", _some(u))
    for ref in refs:
        if ref in made or not ref.connection:
            draft.tasks.append(Task("governance", "scan_pii", made.get(ref, ref.name)))
        else:
            draft.tasks.append(Task("governance", "scan_pii", inputs={"connection": ref.connection, "table": ref.name}))


def _with_asset(u: Understanding, scope: Scope, clause: Clause, action: Action, draft: Draft) -> None:
    text, inputs = u.text(clause), dict[str, object]()
    if (action.agent, action.action) == ("monitoring", "alert"):
        inputs["when"] = ", ".join(name for name, pattern in _WHEN if pattern.search(text)) or "failed"
        if inputs["when"] == "cost" and not u.in_clause(clause):
            draft.tasks.append(Task("cost", "analyze", inputs={"scope": "platform"}))
            return
    if action.action in ("retain", "delete") and _continues_retention(u, clause, action):
        return
    rows = _SOME_ROWS.search(text) if action.action == "delete" else None
    part = rows.group() if rows else _part_of_table(u, clause, action) if action.action == "delete" else ""
    if part:
        draft.ask(f"Only whole tables can be deleted, or rows by age, not {part!r}. What should go?")
        return
    if action.action == "retain":
        days = find_days_in(u, clause)
        if days is None:
            draft.ask("For how many days should the data be kept?")
            return
        text = " ".join(
            [text, *(u.text(u.clause_at(a.at)) for a in u.actions if _continues_retention(u, u.clause_at(a.at), a))]
        )
        archive = re.search(r"\barchiv|\bcold (?:storage|tier)|\bmove\b", text)
        delete = re.search(r"\b(?:delet|purg|remov|eras|discard|drop|wip|get rid)", text)
        inputs |= {"keep_days": days, "then": "delete" if delete and not archive else "archive"}
    assets = _assets(u, scope, clause, draft, lenient=action.action == "mask")
    if assets is None:
        return
    if not assets:
        draft.ask(f"Which table should the {action.agent} agent {action.action.replace('_', ' ')}?", _some(u))
    if action.action == "delete" and set(assets) & set(draft.assets):
        draft.ask(f"Should {assets[0]} be loaded or deleted? It cannot be both.", ("load it", "delete it"))
    draft.tasks += [Task(action.agent, action.action, asset, inputs) for asset in assets]


def _part_of_table(u: Understanding, clause: Clause, action: Action) -> str:
    """What a deletion names that is no table (`rows with nulls`, `personal data in X`); "" where it names one."""
    tokens, at = u.reading.tokens, action.at + 1
    while at < clause.end and tokens[at].claim == "verb":
        at += 1
    end = next((i for i in range(at, clause.end) if tokens[i].word in _AFTER_OBJECT), clause.end)
    words = [token.word for token in tokens[at:end] if token.word not in ("the", "our", "all", "a", "any", "old")]
    whole = PRONOUN.search(" ".join(words)) or {"everything", "table", "tables"} & set(words)
    known = any(token.claim in ("table", "layer", "destination", "connection") for token in tokens[at:end])
    named = any(at <= m.at < end and resolve(u.finder, m, lambda _: True)[0] for m in u.in_clause(clause))
    return "" if whole or known or named or not words else " ".join(words)


def _continues_retention(u: Understanding, clause: Clause, action: Action) -> bool:
    """`keep them 2 years and archive what is older`: the second part only says what becomes of the first."""
    if action.action not in ("retain", "delete") or find_days_in(u, clause) is not None or u.in_clause(clause):
        return False
    before = [a for a in u.actions if a.action == "retain" and a.at < clause.start]
    return any(find_days_in(u, u.clause_at(a.at)) is not None for a in before)


def _some(u: Understanding) -> tuple[str, ...]:
    return tuple(sorted(str(ref) for ref in u.finder.entries))[:8]


def _assets(u: Understanding, scope: Scope, clause: Clause, draft: Draft, *, lenient: bool = False) -> list[str] | None:
    """The lake tables a clause means: those it names, else what the plan makes; None when that had to be asked."""
    refs = _refs(u, scope, clause, draft, lenient=lenient)
    if refs is None:
        return None
    if not refs:
        return draft.assets
    made = {load.ref: load.asset for load in draft.loads}
    layer = scope.layer(clause.start) or "bronze"
    return [made.get(ref) or landed(u.finder.catalog, ref, layer) for ref in refs]


def _refs(u: Understanding, scope: Scope, clause: Clause, draft: Draft, *, lenient: bool = False) -> list[Ref] | None:
    mentions = [m for m in u.in_clause(clause) if not u.negated(m.at)]
    if draft.builds and _EVERY_ONE.search(u.text(clause)):
        return []
    found: list[Ref] = []
    for mention in mentions:
        refs, candidates = _resolved(u, scope, mention, draft)
        mine = {load.ref for load in draft.loads} & set(refs)
        if draft.builds and not mine and (_qualifies_private(u, mention) or (lenient and len(refs) != 1)):
            continue
        if len(refs) > 1:
            draft.ask(f"Which table is {mention.said or ' '.join(mention.nouns)!r}?", candidates)
            return None
        if not refs and (mention.marked or mention.exact or _object(u, mention)):
            draft.ask(
                f"No table is called {mention.said!r}. Which one is meant?", candidates or offered(u.finder, mention)
            )
            return None
        found += [ref for ref in refs if ref not in found]
    if found:
        return found
    lake = _whole_lake(u, clause)
    if lake:
        return lake
    names = scope.connections(clause.start)
    local = any(clause.start <= item.at < clause.end for item in u.connections)
    if names and (local or ALL.search(u.text(clause))) and not draft.builds:
        if len(names) > 1:
            draft.ask("Which connection is meant?", tuple(sorted(names)))
            return None
        (name,) = names
        skip = {r for m in u.mentions if u.negated(m.at) for r in resolve(u.finder, m, lambda _: True)[0]}
        return [ref for table in u.finder.catalog.connections[name].tables if (ref := Ref(name, table)) not in skip]
    if not draft.builds:
        earlier = [m for m in u.mentions if m.at < clause.start]
        before = [m for m in earlier if not u.negated(m.at)]
        before = before or (earlier if PRONOUN.search(u.text(clause)) else [])
        for mention in before:
            refs, _ = _resolved(u, scope, mention, draft)
            found += refs if len(refs) == 1 and refs[0] not in found else []
    return found


def _qualifies_private(u: Understanding, mention: Mention) -> bool:
    """`employee names`: whose names, not which table."""
    after = u.reading.tokens[mention.end : mention.end + 1]
    return bool(after) and after[0].claim == "rest" and bool(PRIVATE.fullmatch(after[0].word))


def _whole_lake(u: Understanding, clause: Clause) -> list[Ref]:
    """`all silver tables`, `everything in the lake`."""
    layers = {item.value for item in u.layers if clause.start <= item.at < clause.end}
    inside = any(u.reading.tokens[at].claim == "destination" for at in range(clause.start, clause.end))
    if not (layers or inside) or not (
        ALL.search(u.text(clause)) or re.search(r"\b(?:all|every|each)\b", u.text(clause))
    ):
        return []
    lake = [ref for ref in u.finder.entries if not ref.connection]
    return sorted(ref for ref in lake if not layers or ref.name.partition("/")[0] in layers)


def _object(u: Understanding, mention: Mention) -> bool:
    """Whether the phrase stands right after the verb, or is written like a name."""
    tokens = u.reading.tokens
    if any(tokens[at].kind == "name" for at in range(mention.at, mention.end)):
        return True
    before = [
        token for token in tokens[max(0, mention.at - 3) : mention.at] if token.word not in ("the", "our", "of", "my")
    ]
    return bool(before) and before[-1].claim == "verb"


def _resolved(u: Understanding, scope: Scope, mention: Mention, draft: Draft) -> tuple[list[Ref], tuple[str, ...]]:
    """What the plan makes comes first, then what the lake has, then what a source has."""
    allowed, layer = scope.connections(mention.at), scope.layer(mention.at)
    local = any(c.at in range(mention.at - 8, mention.end + 8) for c in u.connections)

    def keep(ref: Ref) -> bool:
        if ref.connection:
            return allowed is None or ref.connection in allowed
        return (layer is None or ref.name.startswith(f"{layer}/")) and (allowed is None or not local)

    refs, candidates = resolve(u.finder, mention, keep)
    made = {load.ref for load in draft.loads}
    mine = [ref for ref in refs if ref in made]
    refs = mine or prefer_lake(refs)
    return refs, tuple(str(ref) for ref in refs) or candidates
