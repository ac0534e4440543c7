"""The ingest steps a goal asks for: which source tables, how, and how often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.core.watermark import usable_watermark
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.attributes import scoped
from agents.roles.supervisor.draft import Draft, Load
from agents.roles.supervisor.drafting import Scope
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.intents import Clause
from agents.roles.supervisor.mentions import Mention, resolve
from agents.roles.supervisor.understanding import Understanding

CONDITION = re.compile(
    r"\bwhere \w+(?: \w+){0,2} ?(?:[<>=!]|is|are|equals?|contains?|like|in|not|over|under|above|below|between)|"
    r"[<>=]+ ?\d|"
    r"\b(?:of|from|for|in) (?:the )?(?:year )?(?:19|20)\d\d\b|\b(?:since|after|before|from|until|newer than|older "
    r"than|starting) (?:19|20)\d\d\b|\b(?:first|top|last|limit) "
    r"\d+ rows\b|"
    r"\b(?:with|having|whose) \w+(?: \w+)? (?:over|above|below|under|greater|less|more|equal)\b|"
    r"\b(?:of|from|for) (?:the )?(?:last|past) \d+ (?:days?|weeks?|months?|years?)\b"
)
PRONOUN = re.compile(
    r"\b(?:them|it|others|the rest|remaining|these|those|this|they|both)\b|\b(?:that|the|same) (?:same )?(?:table|"
    r"data|dataset|file|feed|"
    r"tables|files)\b"
)
OTHERS = re.compile(r"\b(?:the )?(?:others|rest|remaining)\b")
ALL = re.compile(
    r"\b(?:everything|(?:all|every|each|any)(?: of)?(?: the| its| our| single)* (?:\w+ )?(?:tables?|data(?:sets?)?|"
    r"files?|of (?:it|them))|(?:the )?(?:whole|entire|complete|full) (?:\w+ ){0,3}?(?:database|db|schema|system|"
    r"source|server|catalog|app)?|all of|all from|all in)\b"
)


def draft_loads(u: Understanding, scope: Scope, clause: Clause, draft: Draft) -> list[Load]:
    """The ingest steps a clause asks for."""
    positive = [m for m in u.in_clause(clause) if not u.negated(m.at)]
    excluded = _excluded(u, scope, clause)
    refs: dict[Ref, int] = {}
    condition = CONDITION.search(u.text(clause))
    if condition:
        draft.ask(
            f"A load takes whole tables or their changes, not only rows {condition.group().strip()!r}. Load the "
            f"whole table?",
            ("yes", "no"),
        )
    for mention in positive:
        for ref in _source_refs(u, scope, mention, draft, positive, clause):
            refs[ref] = mention.at
    if not refs and not draft.questions and not positive:
        refs = dict.fromkeys(meant_before(u, scope, clause, draft), clause.start)
    if not refs and not draft.questions and _whole_system(u, clause):
        refs = dict.fromkeys(_everything(u, scope, clause, draft), clause.start)
    if (
        not refs
        and not draft.questions
        and (ALL.search(u.text(clause)) or (excluded and scope.connections(clause.start)))
    ):
        refs = dict.fromkeys(_everything(u, scope, clause, draft), clause.start)
    return [load_of(u, scope, ref, at, draft) for ref, at in refs.items() if ref not in excluded]


def _whole_system(u: Understanding, clause: Clause) -> bool:
    """`dump the call centre database`: the system itself is what is loaded."""
    tokens = u.reading.tokens
    for item in (item for item in u.connections if clause.start <= item.at < clause.end):
        before = [token for token in tokens[clause.start : item.at] if token.word not in ("the", "our", "whole", "my")]
        told = [token for token in tokens[item.at : item.at + 2] if token.claim == "connection"]
        if len(told) == 2 and before and before[-1].claim == "verb" and before[-1].word in v.INGEST:
            return True
    return False


def meant_before(u: Understanding, scope: Scope, clause: Clause, draft: Draft) -> list[Ref]:
    """The source tables that a pronoun stands for: those of the nearest clause before it that names any."""
    if not PRONOUN.search(u.text(clause)):
        return []
    if OTHERS.search(u.text(clause)):
        return [load.ref for load in draft.loads if load.inputs["schedule"] is None]
    found: list[Ref] = []
    every = re.search(r"\b(?:both|all|these|those)\b", u.text(clause))
    for earlier in reversed([c for c in u.clauses if c.start < clause.start]):
        for mention in (m for m in u.in_clause(earlier) if not u.negated(m.at)):
            allowed = scope.connections(mention.at)
            refs, _ = resolve(
                u.finder, mention, lambda r, near=allowed: bool(r.connection) and (near is None or r.connection in near)
            )
            found += [ref for ref in refs if len(refs) == 1 and ref not in found]
        if found and not every:
            break
    return found


def _excluded(u: Understanding, scope: Scope, clause: Clause) -> set[Ref]:
    near = [m for m in u.mentions if u.negated(m.at) and u.clause_at(m.at).sentence == clause.sentence]
    return {ref for mention in near for ref in resolve(u.finder, mention, lambda r: bool(r.connection))[0]}


def _everything(u: Understanding, scope: Scope, clause: Clause, draft: Draft) -> list[Ref]:
    names = scope.connections(clause.start)
    if names is None:
        names = frozenset(u.finder.catalog.connections)
    if len(names) != 1 and not any(c.listed and c.value == names for c in u.connections):
        draft.ask("Everything from which connection?", tuple(sorted(names)))
        return []
    return [Ref(name, table) for name in sorted(names) for table in u.finder.catalog.connections[name].tables]


def _source_refs(
    u: Understanding, scope: Scope, mention: Mention, draft: Draft, all_here: Sequence[Mention], clause: Clause
) -> list[Ref]:
    allowed = scope.connections(mention.at)

    def keep(ref: Ref) -> bool:
        return bool(ref.connection) and (allowed is None or ref.connection in allowed)

    refs, candidates = resolve(u.finder, mention, keep)
    if not refs and allowed is not None and not _wanted_there(u, mention, clause):
        refs, candidates = resolve(u.finder, mention, lambda ref: bool(ref.connection))
    if len(refs) > 1 and _one_each(u, refs, allowed):
        return refs
    if len(refs) == 1:
        odd = [noun for noun in mention.nouns[:-1] if noun in v.FILTERS and not u.finder.explains(refs[0], noun)]
        if odd:
            draft.ask(
                f"A load takes whole tables or their changes, not only {mention.said!r}. Load all of {refs[0]}?",
                ("yes", "no"),
            )
        return refs
    said = mention.said or " ".join(mention.nouns)
    if not refs and _from_there(u, mention):
        draft.ask(f"No connection is known as {said!r}. Which is meant?", tuple(sorted(u.finder.catalog.connections)))
        return []
    if refs:
        draft.ask(f"Which table is {said!r}?", candidates)
    elif _needed(u, scope, mention, all_here, clause):
        where = f" in {', '.join(sorted(allowed))}" if allowed else ""
        draft.ask(
            f"No table{where} is called {said!r}. Which one is meant?",
            u.finder.nearest((*mention.outer, *mention.nouns), keep) or candidates,
        )
    return []


def _one_each(u: Understanding, refs: Sequence[Ref], allowed: frozenset[str] | None) -> bool:
    """`orders from the ERP and the web shop`: a table of that name in each connection of a list."""
    listed = any(c.listed and c.value == allowed for c in u.connections)
    return listed and sorted(ref.connection for ref in refs) == sorted(allowed or ())


def _from_there(u: Understanding, mention: Mention) -> bool:
    """Whether the phrase says where from."""
    before = [token.word for token in u.reading.tokens[max(0, mention.at - 3) : mention.at]]
    return "from" in before and set(before[before.index("from") + 1 :]) <= {"the", "our", "my", "their"}


def _wanted_there(u: Understanding, mention: Mention, clause: Clause) -> bool:
    """Whether a connection is said right for this table: after it in its clause, or as the only one there."""
    inside = [c for c in u.connections if clause.start <= c.at < clause.end]
    return bool(inside) and (len(inside) == 1 or any(c.at > mention.at for c in inside))


def _needed(u: Understanding, scope: Scope, mention: Mention, all_here: Sequence[Mention], clause: Clause) -> bool:
    """Whether words that name no known table must be a table: said to be one, loaded, or listed with tables."""
    tokens = u.reading.tokens
    if mention.marked or mention.exact or any(tokens[at].kind == "name" for at in range(mention.at, mention.end)):
        return True
    if not any(other.at in scope.tables for other in all_here):
        return not _only_when(u, clause)
    before = [
        token.word
        for token in tokens[max(clause.start, mention.at - 3) : mention.at]
        if token.word not in ("the", "our", "all", "also")
    ]
    return bool(before) and (
        before[-1] in v.INGEST or (before[-1] in ("and", ",", "&", "plus", "or") and _lists(u, scope, mention))
    )


def _only_when(u: Understanding, clause: Clause) -> bool:
    """A sentence without verb of its own that says when: `Near the top of each hour would be ideal`."""
    timed = any(clause.start <= item.at < clause.end for item in u.schedules)
    return timed and not any(clause.start <= action.at < clause.end for action in u.actions)


def _lists(u: Understanding, scope: Scope, mention: Mention) -> bool:
    return any(
        at in scope.tables for other in u.mentions if mention.at - 4 <= other.end <= mention.at for at in (other.at,)
    )


def load_of(u: Understanding, scope: Scope, ref: Ref, at: int, draft: Draft, *, plain: bool = False) -> Load:
    """One table's ingest step; `plain` keeps the layer and name, which the goal gave to something made from it."""
    catalog, clauses, tables = u.finder.catalog, u.clauses, scope.tables
    table = catalog.connections[ref.connection].tables[ref.name]
    mode, watermark = _mode(u, scope, ref, at, draft)
    name = (
        scoped([n for n in u.names if n.at > at and u.clause_at(n.at).start not in u.summaries], at, clauses, tables)
        if u.names and not plain
        else None
    )
    layer = "bronze" if plain else scope.layer(at) or "bronze"
    destination = f"{layer}/{u.finder.destinations[ref.connection, ref.name]}"
    if name:
        destination = name if "/" in name else f"{layer}/{name}"
        layer = destination.partition("/")[0]
    key = scoped(u.keys, at, clauses, tables)
    columns = {column.lower(): column for column in table.columns}
    if key and not all(part in columns for part in key):
        draft.ask(
            f"{ref} has no column {', '.join(k for k in key if k not in columns)!r}. Which columns are its key?",
            tuple(table.columns),
        )
    inputs = {
        "connection": ref.connection, "table": ref.name, "layer": layer, "destination": destination, "mode": mode,
        "watermark": watermark, "key": [columns.get(part, part) for part in key] if key else list(table.key),
        "schedule": scope.schedule(at, draft),
    }  # fmt: skip
    return Load(ref, inputs)


def _mode(u: Understanding, scope: Scope, ref: Ref, at: int, draft: Draft) -> tuple[str, str | None]:
    table = u.finder.catalog.connections[ref.connection].tables[ref.name]
    columns = {column.lower().replace("_", ""): column for column in table.columns}
    said = scoped(u.watermarks, at, u.clauses, scope.tables)
    wanted = scoped(u.modes, at, u.clauses, scope.tables)
    if said is not None and said.replace("_", "") not in columns:
        draft.ask(f"{ref} has no column {said!r}. Which one says when a row last changed?", tuple(table.columns))
        return "incremental", None
    watermark = columns[said.replace("_", "")] if said else usable_watermark(table)
    home = u.clause_at(at)
    both = {item.value for item in u.modes if home.start <= item.at < home.end}
    if len(both) > 1 and sum(home.start <= t < home.end for t in scope.tables) == 1:
        draft.ask(f"Should {ref} load in full or incrementally?", ("full", "incremental"))
    if wanted == "full":
        return "full", None
    if wanted == "incremental" and watermark is None:
        draft.ask(
            f"No column of {ref} says when a row last changed. Which one should be the watermark, or should it load "
            f"in full?",
            tuple(table.columns),
        )
    return ("incremental", watermark) if watermark else ("full", None)
