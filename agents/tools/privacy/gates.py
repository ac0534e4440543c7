"""Which cells a recognizer has to read: looked up for whole columns at once, in C, and never one too few.

Each gate is a condition that a text must meet for the recognizer to find anything. It is derived from the recognizer's
own patterns: what Arrow's regular expressions lack (looking around, back references) is left out, which lets more
through. Letters beyond ASCII are first drawn as ASCII ones that the patterns treat alike.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agents.tools.privacy.found import Span
from agents.tools.privacy.recognizers import Finder, finders, keep_widest, vanilla_spans

if TYPE_CHECKING:
    import pyarrow as pa

# Below this many texts, making the gates costs more than they save.
FEW = 150
_AROUND = re.compile(r"\(\?<?[=!]")
_BOUND = re.compile(r"\{1,\d{3,}\}")
# Four digits that a phone number may be made of, with what may stand between them.
_DIGITS = r"[0-9](?:[-x .()\[\]/~_]*[0-9]){3}"


class _Drawn(dict[int, str]):
    """A character beyond ASCII as one that no pattern takes for less."""

    def __missing__(self, code: int) -> str:
        import regex

        character = chr(code)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            made = str(digit)
        elif letter := regex.match("[a-z]", character, flags=regex.IGNORECASE):
            made = next(c for c in "abcdefghijklmnopqrstuvwxyz" if regex.match(c, letter[0], flags=regex.IGNORECASE))
        else:
            made = "_" if regex.match(r"\w", character) else " "
        self[code] = made
        return made


_DRAWN = _Drawn({code: chr(code) for code in range(128)})


def drawn(values: pa.Array) -> pa.Array:
    """The texts in ASCII, as gates read them."""
    import pyarrow as pa

    pc: Any = import_module("pyarrow.compute")
    plain = pc.string_is_ascii(values)
    if pc.all(plain).as_py():
        return values
    foreign = pc.invert(plain)
    redrawn = pa.array([text.translate(_DRAWN) for text in values.filter(foreign).to_pylist()], pa.large_string())
    return pc.replace_with_mask(values.cast(pa.large_string()), foreign, redrawn)


def few(values: pa.Array) -> bool:
    """Whether the texts are so few and short that reading each costs less than making the gates."""
    pc: Any = import_module("pyarrow.compute")
    return len(values) < FEW and (pc.max(pc.binary_length(values)).as_py() or 0) < 500


def findings(values: pa.Array) -> dict[int, list[Span]]:
    """Presidio's findings in each text, by its place in the array; texts without any are left out."""
    if few(values):
        every = ((place, vanilla_spans(text)) for place, text in enumerate(values.to_pylist()))
        return {place: spans for place, spans in every if spans}
    seen = drawn(values)
    found: dict[int, list[Span]] = {}
    several: set[int] = set()
    for finder in finders():
        places = passing(seen, finder)
        for place, text in zip(places.to_pylist(), values.take(places).to_pylist(), strict=True):
            if spans := finder.find(text):
                if place in found:
                    several.add(place)
                found.setdefault(place, []).extend(spans)
    for place in several:
        found[place] = keep_widest(found[place])
    return found


def passing(seen: pa.Array, finder: Finder) -> pa.Array:
    """The places of the drawn texts that the recognizer has to read."""
    import pyarrow as pa

    pc: Any = import_module("pyarrow.compute")
    if not finder.patterns and not finder.digits:
        return pa.array(range(len(seen)), pa.uint64())
    if finder.digits:
        mask = pc.match_substring_regex(seen, _DIGITS, ignore_case=True)
        bare = pc.match_substring_regex(seen, r"^[0-9]*$")
        known = pc.match_substring_regex(seen, finder.digits)
        mask = pc.and_(mask, pc.or_(pc.invert(bare), known))
    else:
        mask = pc.match_substring_regex(seen, _gate(finder.patterns), ignore_case=True)
    return pc.indices_nonzero(mask)


def needed(finder: Finder) -> str:
    """A pattern that a drawn text must match for a recognizer of patterns to find something in it."""
    return _gate(finder.patterns)


@cache
def _gate(patterns: tuple[str, ...]) -> str:
    """One pattern that matches wherever any of these would."""
    loosened = {loosen(pattern) for pattern in patterns}
    kept = [p for p in loosened if not any(q != p and q.removeprefix("(?i)") in p for q in loosened)]
    return "|".join(f"(?:{pattern})" for pattern in sorted(kept))


def loosen(pattern: str) -> str:
    """A pattern that Arrow reads and that matches at least where the given one does."""
    out: list[str] = []
    place = 0
    while place < len(pattern):
        if _AROUND.match(pattern, place):
            place = _closing(pattern, place) + 1
        elif pattern[place] == "\\":
            digit = pattern[place + 1]
            out.append(f"(?:{_group(pattern, int(digit))})" if digit in "123456789" else pattern[place : place + 2])
            place += 2
        elif pattern[place] == "[":
            end = _class_end(pattern, place)
            out.append(pattern[place : end + 1])
            place = end + 1
        else:
            out.append(pattern[place])
            place += 1
    return _BOUND.sub("+", "".join(out))


def _class_end(pattern: str, place: int) -> int:
    place += 2 if pattern[place + 1] in "^]" else 1
    while pattern[place] != "]":
        place += 2 if pattern[place] == "\\" else 1
    return place


def _closing(pattern: str, place: int) -> int:
    """Where the group that opens here closes."""
    depth = 0
    while True:
        if pattern[place] == "\\":
            place += 2
            continue
        if pattern[place] == "[":
            place = _class_end(pattern, place)
        depth += (pattern[place] == "(") - (pattern[place] == ")")
        if depth == 0:
            return place
        place += 1


def _group(pattern: str, number: int) -> str:
    """What stands in the n-th group."""
    place = count = 0
    while place < len(pattern):
        if pattern[place] == "\\":
            place += 2
            continue
        if pattern[place] == "[":
            place = _class_end(pattern, place)
        elif pattern[place] == "(" and pattern[place + 1] != "?":
            count += 1
            if count == number:
                return pattern[place + 1 : _closing(pattern, place)]
        place += 1
    raise ValueError(f"the pattern has no group {number}")
