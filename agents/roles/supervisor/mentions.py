"""Connections and tables as a goal mentions them: phrases of nouns, where they stand, and what they may name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from agents.core.words import pieces, singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.entities import ENOUGH, MARGIN, Finder, Ref
from agents.roles.supervisor.reading import Reading

_DESTINATION = re.compile(
    r"\b(?:(?:in|into|to|onto|on|at|for|of)? ?(?:the |our |a )?(?:azure |delta |cloud )?(?:data ?lake(?:house)?s?|"
    r"lake ?house|lake|adls(?: gen2)?|onelake|delta(?: lake| tables?)?))\b"
    r"|\b(?:in|into|to|onto) (?:the |our |a )?(?:data ?)?(?:storage|warehouse|platform|cloud)\b(?! account)"
)
_PURPOSE = re.compile(
    r"\b(?:so that|so (?:we|i|they|the|our|finance|marketing)|because|in order (?:to|that)|since (?:we|the|our)|"
    r"for (?:the |our |my )?(?:\w+ )?(?:team|department|dashboards?|people|folks|colleagues|reporting|reports?|"
    r"analysts?|boss|board|auditors?)\b)[^.;!?,]*"
)


_VERBAL = v.INGEST | v.BUILD | v.verbs("check test alert report order release ship cost budget profile scan model")
_BEFORE_NOUN = (
    v.INGEST
    | v.verbs("mask validate profile check delete drop scan archive purge")
    | v.word_set("the our all table tables of from keep every each")
)
_ARTICLES = frozenset({"the", "our", "my", "their", "this", "a", "that", "both"})
_AFTER_NOUN = v.word_set("and from every each table tables daily hourly weekly nightly monthly to into in at") | {
    "",
    ".",
    ",",
}


@dataclass(slots=True)
class Mention:
    """A phrase of nouns that may name a table: `exact` is what a full name names, `marked` when called a table."""

    at: int
    end: int
    nouns: tuple[str, ...]
    exact: frozenset[Ref] = frozenset()
    marked: bool = False
    said: str = ""
    outer: tuple[str, ...] = field(default=())


def claim_names(reading: Reading, finder: Finder) -> list[Mention]:
    """Full names and spelled-out names of two words or more, before anything else is read into their words."""
    found: list[Mention] = []
    tokens = reading.tokens
    for at, token in enumerate(tokens):
        if token.kind == "name" and token.word in finder.exact:
            token.claim = "table"
            found.append(Mention(at, at + 1, (token.word,), frozenset(finder.exact[token.word]), True, token.text))
    for size in (5, 4, 3, 2):
        for at in range(len(tokens) - size + 1):
            window = tokens[at : at + size]
            if any(token.claim or token.kind != "word" for token in window):
                continue
            words = [singular(token.word) for token in window]
            refs = finder.spelled.get("".join(words))
            if refs and words[0] not in v.STOP:
                reading.claim(range(at, at + size), "table")
                found.append(Mention(at, at + size, tuple(words), frozenset(), False, " ".join(t.text for t in window)))
    return [*found, *_joined_names(reading, finder), *_verbal_names(reading, finder)]


def _joined_names(reading: Reading, finder: Finder) -> list[Mention]:
    """Names as someone remembers them: `order_items` for `dbo.tblOrderItems`."""
    found: list[Mention] = []
    for at, token in enumerate(reading.tokens):
        words = tuple(singular(piece) for piece in pieces(token.text))
        if not token.claim and token.kind == "name" and len(words) > 1 and "".join(words) in finder.spelled:
            token.claim = "table"
            found.append(Mention(at, at + 1, words, frozenset(), True, token.text))
    return found


def _verbal_names(reading: Reading, finder: Finder) -> list[Mention]:
    """Tables called like something one does (transfers, loads, checks), where the goal uses the word as a noun."""
    found: list[Mention] = []
    for before, (at, token) in zip(reading.tokens, list(enumerate(reading.tokens))[1:], strict=False):
        after = reading.tokens[at + 1].word if at + 1 < len(reading.tokens) else ""
        named = token.kind == "word" and singular(token.word) in finder.spelled and token.word in _VERBAL
        noun = before.word in _BEFORE_NOUN or (before.word in ("and", ",", "&") and after in _AFTER_NOUN)
        if named and noun and not token.claim:
            token.claim = "table"
            found.append(Mention(at, at + 1, (token.word,), frozenset(), True, token.text))
    return found


def claim_purpose(reading: Reading) -> None:
    """Reasons and audiences ask for nothing."""
    for match in _PURPOSE.finditer(reading.flat):
        for at in reading.covered(*match.span()):
            if not reading.tokens[at].claim:
                reading.tokens[at].claim = "purpose"


def claim_destination(reading: Reading) -> bool:
    """Whether the goal names the lake as the place to go."""
    found = False
    for _, where in reading.find(_DESTINATION):
        reading.claim(where, "destination")
        found = True
    return found


def phrase_at(reading: Reading, at: int) -> Iterator[int]:
    """Indices of the noun phrase that starts at a token, articles skipped."""
    tokens = reading.tokens
    while at < len(tokens) and tokens[at].word in _ARTICLES:
        at += 1
    while (
        at < len(tokens)
        and tokens[at].kind in ("word", "name")
        and not tokens[at].claim
        and tokens[at].word not in v.STOP
    ):
        yield at
        at += 1


def find_mentions(reading: Reading, finder: Finder, taken: list[Mention]) -> list[Mention]:
    """Every phrase of nouns not understood as something else, merged with the names found before."""
    tokens, found, at = reading.tokens, list(taken), 0
    while at < len(tokens):
        phrase = [index for index in phrase_at(reading, at) if index >= at]
        if not phrase or phrase[0] != at:
            at += 1
            continue
        words = [tokens[index].word for index in phrase]
        nouns = tuple(word for word in words if word not in v.GENERIC)
        marked = len(nouns) < len(words) or _called_table(reading, at)
        joined = _join(found, phrase, nouns, tokens[phrase[-1] + 1 :][:1] and tokens[phrase[-1] + 1].claim == "table")
        nouns = nouns or tuple(word for word in words if singular(word) in finder.spelled)
        if not joined and nouns and not (len(phrase) == 1 and finder.is_column(tokens[at])):
            found.append(
                Mention(at, phrase[-1] + 1, nouns, frozenset(), marked, " ".join(tokens[i].text for i in phrase))
            )
        at = phrase[-1] + 1
    found.sort(key=lambda mention: mention.at)
    return _of_phrases(reading, found)


def _called_table(reading: Reading, at: int) -> bool:
    before = [token.word for token in reading.tokens[max(0, at - 2) : at]]
    return any(word in ("table", "tables", "dataset", "file") for word in before)


def _join(found: list[Mention], phrase: Sequence[int], nouns: tuple[str, ...], follows: object) -> bool:
    """Words right before a spelled-out name belong to it: `customer order lines`."""
    for mention in found:
        if follows and mention.at == phrase[-1] + 1 and not mention.exact:
            mention.outer = nouns
            return True
        if mention.end == phrase[0] and not mention.exact and not nouns:
            mention.marked = True
            return True
    return False


def _of_phrases(reading: Reading, found: list[Mention]) -> list[Mention]:
    """`lines of orders` is a phrase about lines, with orders to say which."""
    kept: list[Mention] = []
    for mention in found:
        last = kept[-1] if kept else None
        between = [token.word for token in reading.tokens[last.end : mention.at]] if last else []
        if (
            last
            and between
            and between[0] in ("of", "for")
            and set(between[1:]) <= {"the", "our", "all", "each", "every"}
            and not last.exact
            and not mention.exact
            and not mention.marked
        ):
            last.outer = (*mention.outer, *mention.nouns)
            last.end = mention.end
            continue
        kept.append(mention)
    return kept


def resolve(finder: Finder, mention: Mention, keep: Callable[[Ref], bool]) -> tuple[list[Ref], tuple[str, ...]]:
    """The table a mention names, several where they are equally near, none where nothing is near; and candidates."""
    if mention.exact:
        refs = sorted(ref for ref in mention.exact if keep(ref))
        return refs, tuple(str(ref) for ref in sorted(mention.exact))
    nouns = (*mention.outer, *mention.nouns)
    scored = finder.score(nouns, keep)
    if (not scored or scored[0][0] < ENOUGH) and mention.outer:
        alone = finder.score(mention.nouns, keep)
        scored = alone if alone and alone[0][0] >= ENOUGH else finder.score(mention.outer, keep)
    if not scored or scored[0][0] < ENOUGH:
        return [], tuple(str(ref) for _, ref in scored[:5])
    best = scored[0][0]
    near = [ref for score, ref in scored if score >= best - MARGIN and score >= ENOUGH]
    return near, tuple(str(ref) for ref in near)


def offered(finder: Finder, mention: Mention) -> tuple[str, ...]:
    """What a question may offer where nothing is called as was said: names written like it, else the nearest tables."""
    known = {str(ref).casefold(): str(ref) for ref in sorted(finder.entries)}
    like = get_close_matches(mention.said.casefold(), known, 5, 0.5)
    return tuple(known[name] for name in like) or finder.nearest((*mention.outer, *mention.nouns), lambda ref: True)
