"""Python's regular expressions in RE2's dialect, so that DuckDB gives the verdicts Python would."""

from __future__ import annotations

import re
from functools import lru_cache

from agents.core.errors import RuleError

LONGEST = 10_000
"""Characters of a pattern: beyond, compiling it is what explodes."""
# Python's classes are Unicode, RE2's are ASCII.
_OUTSIDE = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"[\p{L}\p{N}_]",
    "W": r"[^\p{L}\p{N}_]",
    "s": r"[\t-\r\x1c-\x20\x{85}\p{Z}]",
    "S": r"[^\t-\r\x1c-\x20\x{85}\p{Z}]",
    "Z": r"\z",
}
_INSIDE = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"\p{L}\p{N}_", "s": r"\t-\r\x1c-\x20\x{85}\p{Z}"}


def to_re2(pattern: str, where: str) -> str:
    """The pattern in RE2's dialect; RuleError where Python or RE2 cannot read it."""
    if len(pattern) > LONGEST:
        raise RuleError(
            f"the regular expression has {len(pattern):,} characters", where=where, fix=f"keep it below {LONGEST:,}"
        )
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise RuleError(f"not a regular expression: {error}", where=where, fix="correct the pattern") from error
    translated = _translate(pattern)
    problem = _re2_problem(translated)
    if problem:
        raise RuleError(
            f"the regular expression uses what RE2 does not have ({problem})",
            where=where,
            fix="write it without look-around, back-references and possessive quantifiers",
        )
    return translated


@lru_cache(maxsize=1024)
def _re2_problem(pattern: str) -> str:
    """Tried on a connection of its own: the shared one belongs to people's assets, and may be at work."""
    import duckdb

    try:
        with duckdb.connect() as db:
            db.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
    return ""


def _translate(pattern: str) -> str:
    out: list[str] = []
    inside = False
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\" and i + 1 < len(pattern):
            after = pattern[i + 1]
            out.append((_INSIDE if inside else _OUTSIDE).get(after, char + after))
            i += 2
            continue
        if char == "[" and not inside:
            # A bracket right after the opening one is a plain character.
            opening = re.match(r"\[\^?\]?", pattern[i:])
            text = opening.group() if opening else char
            out.append(text.replace("]", r"\]"))
            inside, i = True, i + len(text)
            continue
        if char == "[":
            out.append(r"\[")
        elif char == "]" and inside:
            inside = False
            out.append(char)
        elif char == "$" and not inside:
            out.append(r"(?:\n?\z)")  # Python's $ also stands before a last line break
        else:
            out.append(char)
        i += 1
    return "".join(out)
