"""Where in a Cedar file something is wrong: the engine names no place, and people need a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# Unterminated strings and comments fall to the single sign, which is where the engine stumbles too.
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|\w+|==|!=|<=|>=|&&|\|\||::|\s+|.', re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`|'([^']+)'")
UNFINISHED = "unexpected end of input"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, sign or string of a file, and its offset in characters."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)


def statements(text: str) -> list[list[Token]]:
    """The policies of a file as tokens, without space and comments; what follows the last `;` is one too."""
    found: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(text):
        token = Token(match.group(), match.start())
        if token.text.isspace() or token.text.startswith("//"):
            continue
        found[-1].append(token)
        if token.text == ";":
            found.append([])
    return [statement for statement in found if statement]


def misparsed(text: str, parse: Callable[[str], object]) -> tuple[int, str]:
    """Where `text` stops to be Cedar, as an offset, and what the engine says; `parse` raises ValueError."""
    for statement in statements(text):
        start, end = statement[0].start, statement[-1].end
        message = _complaint(text[start:end], parse)
        if not message:
            continue
        for token in statement[:-1]:
            earlier = _complaint(text[start : token.end], parse)
            if earlier and earlier != UNFINISHED:
                return token.start, earlier
        if message == UNFINISHED:
            return end, message
        return mentioned(statement, message), message
    return 0, _complaint(text, parse)


def mentioned(statement: list[Token], message: str) -> int:
    """The offset of what the engine's message is about; of the statement where it names nothing in it."""
    words = [*("".join(quoted) for quoted in _QUOTED.findall(message)), message.rpartition(": ")[2]]
    for word in words:
        parts = [match.group() for match in _TOKEN.finditer(word)]
        for index in range(len(statement) - len(parts) + 1):
            if [token.text for token in statement[index : index + len(parts)]] == parts:
                return statement[index].start
    return statement[0].start


def place(text: str, offset: int) -> str:
    """`line:column` of an offset, both from 1."""
    before = text[:offset]
    return f"{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def _complaint(text: str, parse: Callable[[str], object]) -> str:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""
