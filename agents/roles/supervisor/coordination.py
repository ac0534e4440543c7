"""Clauses as meant rather than as punctuated: `A at six and B at seven` is two, `sum X. Put it in gold` is one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.entities import ENOUGH, Finder
from agents.roles.supervisor.intents import Clause
from agents.roles.supervisor.reading import Reading
from agents.roles.supervisor.schedule_words import matches

_JOINTS = frozenset({",", "and", "&", "plus", "then", "but"})
_SKIPPED = v.word_set("the our all also and , & plus then my their")
_PUT = re.compile(
    r"^(?:(?:please|then|and|also|finally|now|just|should|must|to|you|can|could) )*"
    r"(?:(?:put|store|save|write|land|keep|place|load|refresh|update|rebuild|run|recompute|schedule|call|name|"
    r"publish|get|do) "
    r"(?:it|this|that|them|the results?|the table|the output)\b"
    r"|(?:it|this|that|they|the results?) (?:should|must|has to|needs to|is|goes|ought to|shall|will)\b"
    r"(?! (?:be )?(?:checked|validated|masked|monitored|deleted|promoted|deployed)))"
)


def split_coordinated(reading: Reading, finder: Finder, clauses: Sequence[Clause], text: str) -> list[Clause]:
    """The clauses, with coordinated tables set apart where each has a schedule of its own behind it.

    `text` is the goal with everything hidden that is no schedule.
    """
    pieces = [match.span() for _, match in matches(text)]
    if len(pieces) < 2:
        return list(clauses)
    found: list[Clause] = []
    for clause in clauses:
        start = clause.start
        for at in _joints(reading, finder, clause, pieces):
            found.append(Clause(start, at, clause.sentence))
            start = at
        found.append(Clause(start, clause.end, clause.sentence))
    return found


def _joints(reading: Reading, finder: Finder, clause: Clause, pieces: Sequence[tuple[int, int]]) -> list[int]:
    """Tokens after which a coordinated table begins that has its own schedule, as the one before it has."""
    tokens, found, start = reading.tokens, list[int](), clause.start
    inside = [piece for piece in pieces if tokens[clause.start].start <= piece[0] < tokens[clause.end - 1].end]
    if len(inside) < 2:
        return found
    for at in range(clause.start, clause.end):
        joint = tokens[at]
        if joint.word not in _JOINTS or not any(piece[0] > joint.end for piece in inside):
            continue
        if not _names_table(reading, finder, at + 1, clause.end, inside):
            continue
        before = [piece for piece in inside if tokens[start].start <= piece[0] < joint.start]
        first = _first_table(reading, finder, start, at, inside)
        if before and first is not None and tokens[first].start < before[0][0]:
            joint.claim = "joint"
            found.append(at + 1)
            start = at + 1
    return found


def _first_table(
    reading: Reading, finder: Finder, start: int, end: int, pieces: Sequence[tuple[int, int]]
) -> int | None:
    return next((at for at in range(start, end) if _names_table(reading, finder, at, end, pieces, plain=True)), None)


def _names_table(
    reading: Reading, finder: Finder, at: int, end: int, pieces: Sequence[tuple[int, int]], *, plain: bool = False
) -> bool:
    """Whether a phrase of nouns that names a table starts here."""
    tokens = reading.tokens
    while not plain and at < end and tokens[at].word in _SKIPPED:
        at += 1
    nouns: list[str] = []
    for token in tokens[at : min(end, at + 5)]:
        if token.claim == "table" or (token.word in ("others", "rest", "remaining") and not nouns):
            return True
        timed = any(start < token.end and token.start < stop for start, stop in pieces)
        if token.claim or timed or token.kind not in ("word", "name") or token.word in v.STOP or token.word in _JOINTS:
            break
        if token.word not in v.GENERIC:
            nouns.append(token.word)
    scored = finder.score(nouns, lambda ref: bool(ref.connection)) if nouns else []
    return bool(scored) and scored[0][0] >= ENOUGH


def join_continued(reading: Reading, clauses: Sequence[Clause], summarised: Collection[int]) -> list[Clause]:
    """The clauses, with `put it in gold every day` taken into the summary before it."""
    kept: list[Clause] = []
    for clause in clauses:
        text = " ".join(token.word for token in reading.tokens[clause.start : clause.end])
        last = kept[-1] if kept else None
        if last and any(last.start <= at < last.end for at in summarised) and _PUT.search(text):
            kept[-1] = Clause(last.start, clause.end, last.sentence)
        else:
            kept.append(clause)
    return kept
