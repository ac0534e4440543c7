"""Markdown for the UI: whatever comes from outside stays text, on one line, without secrets, links or markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap

from resources.scrub import scrub_text

UNKNOWN = "not known"
_LONGEST = 160
_MOST_PARTS = 25
_MARKUP = re.compile(r"([\\`*_\[\]<>~&#!$])")
_LINKING = re.compile(r"(?i)(?<=:)//|(?<=www)\.|@")
# Invisible, unassigned and direction-changing characters could make a name look like another one.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Missing:
    """Evidence that is not there, and why."""

    why: str


def clean(text: str, longest: int = _LONGEST, *, emails: bool = True) -> str:
    """One visible line without secrets; the pipe, which ends a table's cell, becomes a broken bar."""
    line = " ".join(_visible(scrub_text(text, emails=emails)).split()).replace("|", "¦")
    return _cut(line, longest)


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Text of people, sources and specs, word for word in code style: no markup, link or image can stand in it."""
    return f"`{clean(text, longest).replace('`', 'ˋ') or ' '}`"


def person(name: str) -> str:
    """A person's name, which may be an e-mail address: approvers must see who it is."""
    return f"`{clean(name, emails=False).replace('`', 'ˋ') or 'nobody'}`"


def plain(text: str, longest: int = 400) -> str:
    """Our own sentences, which may hold names from outside: read as written, never as markup or a link."""
    broken = _LINKING.sub("\u200a\\g<0>", clean(text, longest))
    return _MARKUP.sub(r"\\\1", broken)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names in code style, the first ones and the number of the others."""
    found = list(names)
    rest = len(found) - most
    return ", ".join(map(quoted, found[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A markdown table; cells are texts made by the functions above."""
    lines = (header, ["---"] * len(header), *rows)
    return ["", *(f"| {' | '.join(line)} |" for line in lines), ""]


def block(lines: Sequence[str], language: str) -> list[str]:
    """A fenced block; no line can end it, each is broken where it is longer than a page is wide."""
    signs = ("+", "-") if language == "diff" else ()
    shown = [part for line in lines for part in _broken(_visible(scrub_text(line)).rstrip(), signs)]
    ticks = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return ["", f"{fence}{language}", *shown, fence, ""]


def count(number: int, one: str, many: str = "") -> str:
    """`1 table`, `2,000 tables`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def size(number: float) -> str:
    """Bytes as people read them."""
    power = 0
    while number >= 1000 and power < len(_UNITS) - 1:
        number, power = number / 1000, power + 1
    return f"{number:,.0f} {_UNITS[power]}" if power == 0 or number >= 100 else f"{number:.3g} {_UNITS[power]}"


def money(usd: float) -> str:
    """USD; small sums keep the figures that tell them apart."""
    return f"{usd:,.2f}" if usd >= 1 or usd == 0 else f"{usd:.2g}"


def duration(seconds: float) -> str:
    """Seconds as people read them."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.0f} s"


def moment(at: float) -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _visible(text: str) -> str:
    return "".join(" " if unicodedata.category(char) in _UNSEEN else char for char in text)


def _broken(line: str, signs: Sequence[str]) -> list[str]:
    """A line in parts as wide as a page, with a diff's sign before each: who approves is to read the end as well."""
    sign = line[0] if line.startswith(tuple(signs)) else ""
    parts = wrap(_cut(line, _LONGEST * _MOST_PARTS), _LONGEST, subsequent_indent=f"{sign}    ", drop_whitespace=False)
    return parts or [""]


def _cut(line: str, longest: int) -> str:
    """The line's beginning, where saying so is shorter than the line."""
    short = f"{line[:longest]}… ({len(line) - longest} characters left out)"
    return line if len(line) <= max(longest, len(short)) else short
