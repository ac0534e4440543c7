"""Connections as a goal mentions them: by name, engine, place or description; and engines that no connection is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.core.words import pieces, singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.attributes import Located
from agents.roles.supervisor.entities import ENOUGH, Finder
from agents.roles.supervisor.mentions import phrase_at
from agents.roles.supervisor.reading import Reading

_KINDS = re.compile(
    r"\b(?:"
    + "|".join(
        f"(?P<{kind}>{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"
        for kind, words in v.KIND_WORDS.items()
    )
    + r")\b"
)
_FOREIGN = re.compile(rf"\b(?:{'|'.join(sorted(v.FOREIGN))})\b")
_PLACE = v.word_set("from in of on at within inside out via off through")
_BODY = frozenset({"database", "db", "system", "schema", "server", "platform", "application", "app", "source"})


def find_connections(reading: Reading, finder: Finder) -> tuple[list[Located[frozenset[str]]], list[str]]:
    """Connections said by name, engine or what they are; and engines or systems said that no connection is."""
    found: list[Located[frozenset[str]]] = []
    missing: list[str] = []
    tokens = reading.tokens
    for at, token in enumerate(tokens):
        if not token.claim and token.word in finder.connections_named:
            token.claim = "connection"
            found.append(Located(at, frozenset({finder.connections_named[token.word]})))
    found += _described(reading, finder)
    found += _placed(reading, finder)
    for match, where in reading.find(_KINDS):
        names = frozenset(c.name for c in finder.catalog.connections.values() if c.kind == match.lastgroup)
        if (
            match.lastgroup == "files"
            and (match.group() == "files" or not names)
            and not _after_place(reading, where[0])
        ):
            continue
        reading.claim(where, "connection")
        if names:
            found.append(Located(where[0], names))
        else:
            missing.append(match.group())
    for match, where in reading.find(_FOREIGN):
        if _after_place(reading, where[0]) or tokens[where[0] - 1].word in ("to", "into", "onto", "our"):
            missing.append(match.group())
            reading.claim(where, "connection")
    return sorted(found, key=lambda located: located.at), missing


def _described(reading: Reading, finder: Finder) -> list[Located[frozenset[str]]]:
    """Connections called by their whole description: `the legacy claims archive`."""
    found: list[Located[frozenset[str]]] = []
    words = [singular(token.word) for token in reading.tokens]
    for name, connection in finder.catalog.connections.items():
        told = [singular(word) for word in pieces(connection.description)]
        for at in range(len(words) - len(told) + 1 if len(told) > 1 else 0):
            where = range(at, at + len(told))
            if words[at : at + len(told)] == told and not any(reading.tokens[i].claim for i in where):
                after = next((i for i in range(where[-1] + 1, len(words)) if words[i] not in _BODY), len(words))
                reading.claim(range(at, after), "connection")
                found.append(Located(at, frozenset({name})))
    return found


def join_listed(reading: Reading, found: Sequence[Located[frozenset[str]]]) -> list[Located[frozenset[str]]]:
    """`from HR and payroll` is one place of two connections."""
    kept: list[Located[frozenset[str]]] = []
    for located in found:
        between = [t for t in reading.tokens[kept[-1].at : located.at] if t.claim != "connection"] if kept else []
        if between and all(token.word in ("and", ",", "&", "the", "our", "from", "plus") for token in between):
            kept[-1] = Located(kept[-1].at, kept[-1].value | located.value, True)
        else:
            kept.append(located)
    return kept


def _after_place(reading: Reading, at: int) -> bool:
    before = [token.word for token in reading.tokens[max(0, at - 3) : at]]
    return any(word in _PLACE for word in before) or "and" in before[-1:]


def _placed(reading: Reading, finder: Finder) -> list[Located[frozenset[str]]]:
    """`from the web shop`, `in our HR system`: a phrase after a place word that describes a connection."""
    found: list[Located[frozenset[str]]] = []
    tokens = reading.tokens
    for at, token in enumerate(tokens[:-1]):
        listed = token.word in ("and", ",", "&") and at > 0 and tokens[at - 1].claim == "connection"
        if token.word not in _PLACE and not listed:
            continue
        phrase = list(phrase_at(reading, at + 1))
        if not phrase:
            continue
        words = [tokens[index].word for index in phrase]
        names = finder.connections_like(words)
        names = names or _kind_and_more(words, finder)
        whole = any(t.word in ("everything", "all") for t in tokens[max(0, at - 2) : at])
        whole = whole and not any(word in v.GENERIC for word in words)
        if names and (whole or not _better_table(words, finder)):
            reading.claim(range(phrase[0], phrase[-1] + 1), "connection")
            found.append(Located(phrase[0], frozenset(names)))
    return found


def _kind_and_more(words: Sequence[str], finder: Finder) -> list[str]:
    """`sql server sales`: the engine and a word of the connection."""
    return finder.connections_like(words[:-1]) if len(words) > 1 and words[-1] in v.SYSTEMS else []


def _better_table(words: Sequence[str], finder: Finder) -> bool:
    """Whether the phrase is a table's name rather than a system's."""
    if any(word in v.SYSTEMS for word in words):
        return False
    nouns = [word for word in words if word not in v.GENERIC]
    if any(word in v.GENERIC for word in words):
        return bool(nouns) and (finder.score(nouns, lambda _: True) or [(0.0, None)])[0][0] >= ENOUGH
    return bool(nouns) and (finder.score(nouns, lambda _: True) or [(0.0, None)])[0][0] >= 0.95
