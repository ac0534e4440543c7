"""A goal's text as tokens, with what each of them has been understood to be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agents.core.catalog import LAYERS

_CRON = re.compile(r"(?<!\S)([\d*][\d*,/\-]*(?:[ ]+[\d*][\d*,/\-]*){4})(?!\S)")
_TOKEN = re.compile(
    r"(?P<cron>cron:\S+(?:_\S+){4})|(?P<money>us\$|[$€£¥₹])|(?P<number>\d{1,2}h[0-5]\d\b|\d+(?:[.,:/\-]\d+)*[a-z%]*)"
    r"|(?P<name>[^\W\d][\w$]*(?:['.\-/\\][\w$*]+)*)|(?P<mark>[^\w\s])",
    re.IGNORECASE,
)
NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10",
    "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fortyfive": "45",
    "sixty": "60", "ninety": "90",
}  # fmt: skip
SHORTHAND = {
    "pls": "please", "plz": "please", "frm": "from", "evry": "every", "w": "with", "wo": "without", "thx": "thanks",
    "u": "you", "ur": "your", "db": "database", "dbs": "databases", "tbl": "table", "n": "and",
}  # fmt: skip
_DAYS = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
_DAY_RANGE = re.compile(rf"\b({_DAYS}) ?[-–—] ?({_DAYS})\b", re.IGNORECASE)
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))\b(?: [\w.]+){0,3} ?(?:,|!|:|\n|–|-)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:^|[\n.!?,])\s*(?:(?:many |with )?thanks|thank you|thx|cheers|(?:kind|best|warm)(?:est)? regards|regards|"
    r"best wishes|best(?= ?,)|yours(?= ?,)|"
    r"all the best|sincerely)(?: (?:a lot|so much|very much|in advance|again|and "
    r"regards))*\s*[,.!\n–-]*\s*(?:[\w.-]+\s*){0,4}[.!]*\s*$",
    re.IGNORECASE,
)
ENDS = frozenset(".;!?\n")


@dataclass(slots=True)
class Token:
    """A word, number, name or mark; `claim` says what it was understood as, "" nothing yet."""

    text: str
    word: str
    kind: str
    claim: str = ""
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Reading:
    """The tokens, and `flat`: their words joined by single spaces, for patterns to search."""

    tokens: list[Token]
    flat: str = ""
    corrected: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        at = 0
        for token in self.tokens:
            token.start, token.end = at, at + len(token.word)
            at = token.end + 1
        self.flat = " ".join(token.word for token in self.tokens)

    def covered(self, start: int, end: int) -> range:
        """Indices of the tokens that the flat span touches."""
        inside = [at for at, token in enumerate(self.tokens) if token.start < end and start < token.end]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    def find(
        self, pattern: re.Pattern[str], *, over: frozenset[str] = frozenset()
    ) -> Iterator[tuple[re.Match[str], range]]:
        """Matches whose tokens are unclaimed, or claimed as one of `over`."""
        for match in pattern.finditer(self.flat):
            where = self.covered(*match.span())
            if all(not self.tokens[at].claim or self.tokens[at].claim in over for at in where):
                yield match, where

    def claim(self, where: range, what: str) -> None:
        """Mark tokens as understood."""
        for at in where:
            self.tokens[at].claim = what

    def hidden(self, *claims: str) -> str:
        """`flat` with the tokens of these claims blanked out, offsets kept."""
        text = list(self.flat)
        for token in self.tokens:
            if token.claim in claims:
                text[token.start : token.end] = "_" * (token.end - token.start)
        return "".join(text)


def read(text: str, known: Callable[[str], bool], correct: Callable[[str], str]) -> Reading:
    """Tokens of a goal: names the catalog knows stay whole, other compounds fall apart, slips are corrected."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-z])n ot\b", "n't", text)
    text = _CLOSING.sub(" ", _GREETING.sub(" ", text))
    text = re.sub(r"(?<=\d) ?-?ish\b", "", text)
    text = re.sub(r"\b(past|at) one\b(?! (?:time|go|point|place|of|stage)\b)", r"\1 1", text, flags=re.IGNORECASE)
    text = _DAY_RANGE.sub(r"\1 to \2", text)
    text = _CRON.sub(lambda match: "cron:" + "_".join(match[1].split()), text)
    text = re.sub(r"\r?\n\s*", " ; ", text)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        tokens.extend(_tokens(match.group(), kind, known))
    reading = Reading(tokens)
    for token in tokens:
        if token.kind == "word" and (better := correct(token.word)) != token.word:
            reading.corrected[token.word] = better
            token.word = NUMBERS.get(better, better)
    reading.__post_init__()
    return reading


def _tokens(text: str, kind: str, known: Callable[[str], bool]) -> Iterator[Token]:
    low = text.lower()
    if kind == "cron":
        yield Token(text, low.replace("_", " "), "cron")
    elif kind == "name":
        yield from _name(text, low, known)
    else:
        yield Token(text, low, kind)


def _name(text: str, low: str, known: Callable[[str], bool]) -> Iterator[Token]:
    if low.endswith("'s"):
        text, low = text[:-2], low[:-2]
    layered = re.fullmatch(rf"(?:{'|'.join(LAYERS)})[/.]\w+", low)
    if layered or known(low) or ("." in low and not re.fullmatch(r"[\w']+", low)):
        yield Token(text, low, "name")
    elif "/" in low or "\\" in low or "-" in low:
        for at, part in enumerate(re.split(r"([/\\\-])", text)):
            if at % 2:
                if part != "-":
                    yield Token(",", ",", "mark")
            elif part:
                yield from _name(part, part.lower(), known)
    elif "_" in low.strip("_") or "$" in low:
        yield Token(text, low, "name")
    else:
        yield Token(text, NUMBERS.get(low) or SHORTHAND.get(low, low), "word")
