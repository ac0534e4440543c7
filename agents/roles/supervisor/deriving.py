"""Summaries and models of a clause: which tables they read, and what they become."""

from __future__ import annotations

import re
from collections.abc import Callable

from agents.core.plan import Question
from agents.core.words import singular
from agents.roles.supervisor.aggregation import RICHER, Summary, Unclear, beyond, name_of, to_sql
from agents.roles.supervisor.attributes import scoped
from agents.roles.supervisor.draft import Derived, Draft
from agents.roles.supervisor.drafting import Scope, landed
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.intents import Clause
from agents.roles.supervisor.loading import load_of
from agents.roles.supervisor.mentions import Mention, offered, resolve
from agents.roles.supervisor.training import find_model
from agents.roles.supervisor.understanding import Understanding


def draft_summary(u: Understanding, scope: Scope, clause: Clause, summary: Summary, draft: Draft) -> None:
    """Add the SQL table a clause asks for; a source table that is not in the lake is ingested first."""
    richer = RICHER.search(u.text(clause))
    if richer:
        draft.ask(beyond(richer.group()))
        return
    possible = _read_from(u, scope, clause, summary, draft)
    if not possible:
        return
    ref = _first_fit(u, clause, summary, possible)
    schedule = scope.schedule(clause.start, draft)
    if ref.connection and not any(load.ref == ref for load in draft.loads):
        draft.loads.append(load_of(u, scope, ref, clause.start, draft, plain=True))
    reads = next((load.asset for load in draft.loads if load.ref == ref), landed(u.finder.catalog, ref))
    words = u.finder.entries[ref].words
    key = u.finder.catalog.connections[ref.connection].tables[ref.name].key if ref.connection else ()
    try:
        sql = to_sql(summary, u.finder.entries[ref].columns, reads.replace("/", "."), key, words, u.words(clause))
    except Unclear as unclear:
        draft.ask(f"{unclear} ({ref})", unclear.candidates)
        return
    draft.derived.append(Derived(sql, _destination(u, scope, clause, summary, words), schedule, reads))


def _first_fit(u: Understanding, clause: Clause, summary: Summary, possible: list[Ref]) -> Ref:
    """The lake's table where it has the columns, else the source's."""
    for ref in possible:
        if _fits(u, clause, summary, ref):
            return ref
    return possible[0]


def _fits(u: Understanding, clause: Clause, summary: Summary, ref: Ref) -> bool:
    """Whether a table has, without doubt, all the columns that a summary needs."""
    entry = u.finder.entries[ref]
    try:
        to_sql(summary, entry.columns, "t", (), entry.words, u.words(clause))
    except Unclear:
        return False
    return any(measure.nouns for measure in summary.measures)


def _destination(u: Understanding, scope: Scope, clause: Clause, summary: Summary, words: tuple[str, ...]) -> str:
    name = scoped(u.names, clause.start, u.clauses, scope.tables)
    if name and "/" in name:
        return name
    tokens = u.reading.tokens
    inside = [item for item in u.layers if clause.start <= item.at < clause.end]
    sources = ("from", "of", "over", "using", "on")
    layers = [
        item.value for item in inside if not any(t.word in sources for t in tokens[max(0, item.at - 2) : item.at])
    ]
    return f"{layers[0] if layers else 'gold'}/{name or name_of(summary, words)}"


def _read_from(u: Understanding, scope: Scope, clause: Clause, summary: Summary, draft: Draft) -> list[Ref]:
    allowed = scope.connections(clause.start)

    def keep(ref: Ref) -> bool:
        return not ref.connection or allowed is None or ref.connection in allowed

    mentions = [m for m in u.in_clause(clause) if not u.negated(m.at)]
    found: list[Ref] = []
    later: list[Ref] = []
    for mention in mentions:
        refs, candidates = resolve(u.finder, mention, keep)
        refs, later = _split(refs, later)
        if len(refs) > 1:
            draft.ask(f"Which table is {mention.said!r}?", candidates)
            return []
        found += [ref for ref in refs if ref not in found]
        if not refs and mention.marked:
            draft.ask(
                f"No table is called {mention.said!r}. Which one is meant?", candidates or offered(u.finder, mention)
            )
            return []
    if not found and (draft.loads or draft.derived):
        found = [load.ref for load in draft.loads] if len(draft.loads) == 1 else []
    if not found:
        for measure in summary.measures:
            refs = _named_by(u, clause, measure.nouns, keep)
            refs, later = _split(refs, later)
            found += [ref for ref in refs if ref not in found]
    if not found:
        fitting = [ref for ref in u.finder.entries if keep(ref) and _fits(u, clause, summary, ref)]
        found, later = _split(fitting, later)
    if len(found) == 1:
        return [*found, *(later if len(later) == 1 else ())]
    draft.ask(
        "Which one table should this be computed from?",
        tuple(str(ref) for ref in found)
        or u.finder.nearest([n for m in summary.measures for n in m.nouns] or ["table"], keep),
    )
    return []


def _named_by(u: Understanding, clause: Clause, nouns: tuple[str, ...], keep: Callable[[Ref], bool]) -> list[Ref]:
    """The table in `claim payment amount`: all of the words, else those before the column's."""
    for size in range(len(nouns), 0, -1):
        refs, _ = resolve(u.finder, Mention(clause.start, clause.end, nouns[:size]), keep)
        rest = {singular(noun) for noun in nouns[size:]}
        refs = [ref for ref in refs if rest <= u.finder.entries[ref].column_words]
        if refs:
            return refs
    return []


def _split(refs: list[Ref], later: list[Ref]) -> tuple[list[Ref], list[Ref]]:
    """Lake tables first; the source tables of the same name stand by."""
    lake = prefer_lake(refs)
    return lake, later + [ref for ref in refs if ref not in lake and ref not in later]


def prefer_lake(refs: list[Ref]) -> list[Ref]:
    """What is in the lake already comes before what would have to be fetched."""
    lake = [ref for ref in refs if not ref.connection]
    return lake or refs


def draft_model(u: Understanding, scope: Scope, clause: Clause, draft: Draft) -> None:
    """Add the model a clause asks for."""
    allowed = scope.connections(clause.start)

    def keep(ref: Ref) -> bool:
        return not ref.connection or allowed is None or ref.connection in allowed

    tokens = u.reading.tokens
    loads = any((a.agent, a.action) == ("pipeline", "ingest") and not a.negated for a in u.actions)
    others = {u.clause_at(a.at).start for a in u.actions if a.agent in ("governance", "quality", "cost", "monitoring")}
    sentence = [c for c in u.clauses if c.sentence == clause.sentence or not loads]
    sentence = [c for c in sentence if c == clause or c.start not in others]
    given = next(
        (at for at in range(clause.start, clause.end) if tokens[at].word in ("from", "using", "given", "based")),
        clause.end,
    )
    mentions = [m for c in sentence for m in u.in_clause(c) if not u.negated(m.at)]
    hints: set[Ref] = set()
    for mention in mentions:
        placed = any(
            t.word in ("from", "using", "on", "with", "in", "over", "based")
            for t in tokens[max(0, mention.at - 3) : mention.at]
        )
        refs, _ = resolve(u.finder, mention, keep)
        spelled = len(mention.nouns) > 1 and "".join(mention.nouns) in u.finder.spelled
        if mention.exact or (refs and (placed or spelled)):
            hints |= set(refs)
    column = next(
        (
            tokens[at].word
            for at in range(clause.start, given)
            if tokens[at].kind == "name" and tokens[at].claim != "table"
        ),
        None,
    )
    said = [
        piece
        for c in sentence
        for at in range(c.start, c.end)
        if tokens[at].claim not in ("connection", "schedule", "environment", "money")
        and not (given < at < clause.end and tokens[at].kind == "name" and tokens[at].word in u.finder.columns)
        for piece in tokens[at].word.split("_")
    ]
    made = find_model(
        u.finder, said, re.sub(r"\s+", " ", " ".join(map(u.text, sentence))), frozenset(hints), keep, column
    )
    if isinstance(made, Question):
        draft.ask(made.question, made.candidates)
    elif made not in draft.models:
        draft.models.append(made)
