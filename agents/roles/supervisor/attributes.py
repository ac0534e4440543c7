"""What a goal says about how: environment, layer, mode, watermark, key. Each with the place it was said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.intents import Clause
from agents.roles.supervisor.reading import Reading

T = TypeVar("T")
_NAME = r"[^\W\d]\w*"
_MORE = rf"(?!(?:using|with|by|via|and|on|as)\b){_NAME}"
_ENVIRONMENT = re.compile(
    r"\b(?:(?P<plain>prod|production|prd|staging|stg|uat|preprod|dev|development|sandbox)|(?:on|in|to) "
    r"(?P<stage>stage)\b|"
    r"(?P<live>productioni[sz]\w+|productive(?: use)?|go(?:es|ing)? live|live (?:environment|system)|(?:in|to|on) "
    r"live\b))(?: (?:environment|env|lake|"
    r"system))?\b"
)
_NOT_THERE = re.compile(
    r"\b(?:not|never|n't|without|don't|dont|no)\b(?: \w+){0,3}? ?(?:in|to|on|into|touch(?:ing)?|from)?(?: the)? ?$"
)
_FROM = re.compile(r"\bfrom(?: the)? ?$")
_LAYER = re.compile(
    r"\b(?:in|to|into|as|onto|at|for|the|a|your|our|land|our)? ?(?:the )?(?P<layer>bronze|silver|gold)(?: (?:layer|"
    r"zone|area|tier|level|table))?\b"
    r"|\b(?:raw|landing) (?:layer|zone|area)\b|\b(?:curated|cleansed|refined) (?:layer|zone|area)\b"
)
_MODE = re.compile(
    r"\b(?P<full>full(?:y)? ?(?:re ?load\w*|re ?fresh\w*|load\w*|copy|sync|import|extract|snapshot|overwrite|mode)?|"
    r"re ?load\w*|one ?(?:off|time|shot)|"
    r"(?:just|only) once|once(?: only)?(?! (?:an?|per|every|each|daily|nightly|it|that|the|they|this|done)\b)|a "
    r"single time|from scratch|overwrit\w+|truncate and (?:re)?load|"
    r"complete (?:re ?load|re ?fresh|copy|load|snapshot)|initial load|snapshots?|in full|wholesale|entirely each "
    r"time|whole table each time)\b"
    r"|\b(?P<incremental>incremental\w*|deltas? (?:load|sync|only|copy)|(?:only|just) (?:the )?(?:new|changed|"
    r"changes|updated|modified|deltas?)[\w ]{0,30}?(?:rows|records|data|changes|entries|ones)?|"
    r"(?:new|changed) (?:and|or) (?:changed|updated|new|modified)(?: (?:rows|records|data))?|cdc|change data capture|"
    r"changes only|only what(?: has)? changed|upserts?|only (?:the )?changes)\b"
)
_WATERMARK = (
    re.compile(rf"\b(?:watermark(?:ed)?|high water ?mark|cursor|change (?:column|tracking column))(?: column| "
               rf"field)?(?: is| on| by| of| should be|:| =| being| set to)?(?: the)?(?: column| field)? "
               rf"(?P<column>{_NAME}(?: {_NAME}){{0,2}})"),
    re.compile(rf"\b(?:using|with|by|use|via|track(?:ed|ing)?(?: by)?|take|on|based on)(?: the)?(?: column| field)? "
               rf"(?P<column>{_NAME}(?: {_MORE}){{0,2}}?)(?: column| field)? (?:as|for|to be) (?:the |a |its "
               rf")?(?:watermark|high water ?mark|cursor|change (?:tracking )?column|change tracking)"),
    re.compile(
        rf"\b(?:use|using|with|via|by|on)(?: the)?(?: column| field)? (?P<column>{_NAME}) to "
        r"(?:incrementally|load|track|detect|find|pull|sync|get|fetch|only)\b"
    ),
    re.compile(rf"\b(?:incremental(?:ly)?|changes?|deltas?)(?: \w+){{0,3}}? (?:by|on|based on|via|using|tracked by|"
               rf"according to)(?: the)?(?: column| field)? (?P<column>{_NAME}(?: {_MORE}){{0,2}}?)\b(?: column| "
               rf"field)?"),
)  # fmt: skip
_KEY = re.compile(
    rf"\b(?:(?:primary |merge |business |unique )?keys?(?: is| are| on| =|:| being| should be| columns?)+|keyed "
    rf"(?:by|on)|merg(?:e|ed|ing) (?:on|by)|upsert(?:ed|ing)? (?:on|by)|deduplicat\w+ (?:on|by))"
    rf"(?: the)? (?P<columns>{_NAME}(?: ?(?:,|and|plus|&) {_NAME})*)"
)
_KEY_NAME = re.compile(
    r"\b(?:primary |merge |business |unique )?keys? (?P<columns>\w+_\w+(?: ?(?:,|and|plus|&) \w+_\w+)*)"
)
_AS_KEY = re.compile(
    rf"\b(?P<columns>{_NAME}(?: ?(?:,|and|plus|&) {_NAME})*) (?:as|for) (?:the |a |its |their )?"
    r"(?:primary |merge |business |unique )?keys?\b"
)
_CALLED = re.compile(r"\b(?:called|named|as|into|to|in|table)\s+(?:an? |the )?(?:table )?(?:called |named )?$")


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """Something said, at a token; `listed` when it joins several that were listed."""

    at: int
    value: T
    listed: bool = False


def find_environments(reading: Reading) -> list[str]:
    """The environments a goal means, in the order said; where it promotes from one to another, the other."""
    found: list[str] = []
    for match, where in reading.find(_ENVIRONMENT):
        before = reading.flat[max(0, match.start() - 40) : match.start()]
        word = match["plain"] or match["stage"] or "live"
        if word == "production" and _follows_noun(reading, where[-1]):
            continue
        reading.claim(where, "environment")
        if _NOT_THERE.search(before) or _FROM.search(before):
            continue
        name = v.ENVIRONMENT_WORDS[word]
        if name not in found:
            found.append(name)
    return found


def _follows_noun(reading: Reading, at: int) -> bool:
    rest = reading.tokens[at + 1 : at + 2]
    return bool(rest) and rest[0].word in (
        "line",
        "lines",
        "plan",
        "plans",
        "volume",
        "output",
        "rate",
        "quantity",
        "site",
        "plant",
    )


def find_layers(reading: Reading) -> list[Located[str]]:
    """Layers named as places, not as parts of a table's name."""
    found: list[Located[str]] = []
    for match, where in reading.find(_LAYER):
        word = match["layer"] or next(word for word in match.group().split() if word in v.LAYER_WORDS)
        at = next((at for at in where if reading.tokens[at].word == word), None)
        if at is None:
            continue
        reading.claim(range(at, where[-1] + 1), "layer")
        found.append(Located(at, v.LAYER_WORDS[word]))
    return found


def find_modes(reading: Reading) -> list[Located[str]]:
    """Where the goal says full or incremental. Verbs stay free: they still ask for the load."""
    found: list[Located[str]] = []
    for match, where in reading.find(_MODE):
        found.append(Located(where[0], "full" if match["full"] else "incremental"))
        reading.claim(range(where[0], where[-1] + 1), "mode")
        for at in where:
            if reading.tokens[at].word in v.INGEST and reading.tokens[at].word not in ("snapshot", "snapshots"):
                reading.tokens[at].claim = ""
    return found


def find_watermarks(reading: Reading, columns: frozenset[str]) -> list[Located[str]]:
    """Columns named as watermark, as the goal spells them."""
    found: list[Located[str]] = []
    for pattern in _WATERMARK:
        for match, _ in reading.find(pattern, over=frozenset({"mode", "column"})):
            column = _column(match["column"], columns, sure=pattern not in _WATERMARK[2:])
            if column is None:
                continue
            where = reading.covered(match.start(), max(match.end(), match.start("column") + 1))
            reading.claim(where, "watermark")
            found.append(Located(where[0], column))
    return found


def _column(said: str, columns: frozenset[str], *, sure: bool) -> str | None:
    words = said.split()
    for size in range(len(words), 0, -1):
        name = "_".join(words[:size])
        if name in columns or name.replace("_", "") in columns:
            return name
    return words[0] if sure and words[0] not in v.STOP else None


def find_keys(reading: Reading) -> list[Located[tuple[str, ...]]]:
    """Keys the goal names."""
    found: list[Located[tuple[str, ...]]] = []
    named = (*reading.find(_KEY_NAME, over=frozenset({"column"})), *reading.find(_AS_KEY))
    for match, where in (*reading.find(_KEY, over=frozenset({"verb"})), *named):
        names = tuple(
            name for name in re.split(r"[ ,&]+|\band\b|\bplus\b", match["columns"]) if name and name not in v.STOP
        )
        if names and "watermark" not in names:
            reading.claim(where, "key")
            found.append(Located(where[0], names))
    return found


def scoped(
    items: Sequence[Located[T]], at: int, clauses: Sequence[Clause], tables: Sequence[int], *, carry: bool = False
) -> T | None:
    """The item that holds for the table at a token: of its clause, its sentence, or a sentence on its own.

    With `carry`, what was said for a table earlier in the sentence goes on to hold.
    """
    if not items:
        return None
    home = next(clause for clause in clauses if clause.start <= at < clause.end)
    inside = [item for item in items if home.start <= item.at < home.end]
    if inside:
        return _nearest(inside, at, [t for t in tables if home.start <= t < home.end])
    sentence = [clause for clause in clauses if clause.sentence == home.sentence]
    for clause in sentence[sentence.index(home) + 1 :]:
        if any(clause.start <= t < clause.end for t in tables):
            break
        if own := [item for item in items if clause.start <= item.at < clause.end]:
            return own[0].value
    start, end = sentence[0].start, sentence[-1].end
    near = [item for item in items if start <= item.at < end]
    mine = [t for t in tables if start <= t < end] or [at]
    outer = [item for item in near if item.at > max(mine)] or [item for item in near if item.at < min(mine)]
    if outer:
        return outer[0].value
    if carry and (earlier := [item for item in near if item.at < home.start]):
        return earlier[-1].value
    return next(_orphans(items, clauses, tables), None)


def _nearest(inside: Sequence[Located[T]], at: int, tables: Sequence[int]) -> T:
    """With several in one clause: the one after the table where they follow the tables, else the one before it."""
    leading = not tables or inside[0].at < min(tables)
    if leading:
        return next((item.value for item in reversed(inside) if item.at < at), inside[0].value)
    return next((item.value for item in inside if item.at > at), inside[-1].value)


def _orphans(items: Sequence[Located[T]], clauses: Sequence[Clause], tables: Sequence[int]) -> Iterator[T]:
    for item in items:
        home = next(clause for clause in clauses if clause.start <= item.at < clause.end)
        whole = [clause for clause in clauses if clause.sentence == home.sentence]
        if not any(whole[0].start <= t < whole[-1].end for t in tables):
            yield item.value
