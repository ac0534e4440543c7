"""What is rare in a large column: every cell passes through cheap gates, and of those let through so many are read.

A gate is a condition that a cell must meet for a kind to be found in it. Each gate keeps a sample of the cells it lets
through, drawn evenly over the whole table, so that memory and time are bounded whatever the table holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.tools.privacy.found import Span
from agents.tools.privacy.gates import drawn, needed
from agents.tools.privacy.own import GATE as OWN
from agents.tools.privacy.recognizers import finders
from resources.secret_values import GATE as SECRETS

if TYPE_CHECKING:
    import pyarrow as pa

READ = 2_000
"""At most so many cells are read of those that a gate lets through in a column."""
RARE = 0.005
"""The share of a column's cells for which `unseen` says how likely it is to be missed."""
_BYTES = 4_000_000
_SURE = 0.45
_BY_PRESIDIO = ("IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "MAC_ADDRESS", "US_SSN", "US_ITIN")
_WALLET = r"\b(?:bc1|[13])[0-9A-Za-z]{25}"
_ANY = r"[@\x{FF20}:]|\p{Nd}"


class Gate(NamedTuple):
    """Cells that `pattern` matches may hold one of `kinds`; none stands for all that no other gate is for."""

    name: str
    pattern: str
    kinds: frozenset[str]


@cache
def searched() -> tuple[Gate, ...]:
    """The gates of kinds that a few cells show; the others are judged by what a column's values have in common."""
    known = {finder.type: finder for finder in finders()}
    made = [Gate(kind, needed(known[kind]), frozenset((kind,))) for kind in _BY_PRESIDIO]
    made.append(Gate("EMAIL_ADDRESS", "@", frozenset(("EMAIL_ADDRESS",))))
    made.append(Gate("CRYPTO", _WALLET, frozenset(("CRYPTO",))))
    made.append(Gate("SECRET", SECRETS, frozenset(("PRIVATE_KEY", "CONNECTION_STRING", "API_KEY"))))
    made.append(Gate("OTHER", OWN, frozenset()))
    return tuple(made)


@cache
def _kinds() -> frozenset[str]:
    return frozenset(kind for gate in searched() for kind in gate.kinds)


@cache
def _any_gate() -> str:
    return "|".join(f"(?:{gate.pattern})" for gate in searched())


@dataclass(slots=True)
class Crowd:
    """The cells that one gate lets through: how many there are, and an even sample of them with a key for each."""

    cells: int = 0
    kept: list[tuple[float, str, int]] = field(default_factory=list[tuple[float, str, int]])
    below: float = 1.0

    def offer(self, keys: Any, values: pa.Array, counts: Any) -> None:
        """Take notice of a batch's texts (arrays of one length); the lowest keys of all batches are kept."""
        import pyarrow as pa

        self.cells += int(counts.sum())
        low = (keys < self.below).nonzero()[0]
        texts: list[str] = values.take(pa.array(low)).to_pylist()
        self.kept += zip(keys[low].tolist(), texts, counts[low].tolist(), strict=True)
        if len(self.kept) > READ:
            self._cut()

    def _cut(self) -> None:
        self.kept.sort()
        size = 0
        for place, (_, text, _) in enumerate(self.kept):
            size += len(text)
            if place and (place >= READ or size > _BYTES):
                self.below = self.kept[place][0]
                del self.kept[place:]
                return

    @property
    def read(self) -> int:
        """How many cells the kept texts stand for."""
        return sum(count for _, _, count in self.kept)


@dataclass(slots=True)
class Search:
    """One column of a large table."""

    cells: int = 0
    crowds: dict[str, Crowd] = field(default_factory=dict[str, Crowd])

    def look(self, values: pa.Array, counts: pa.Array, dice: Any) -> None:
        """Pass a batch's distinct texts through the gates; `dice` is numpy's, and draws which are kept."""
        import pyarrow as pa

        pc: Any = import_module("pyarrow.compute")
        self.cells += pc.sum(counts).as_py() or 0
        plain = pc.or_(pc.string_is_ascii(values), pc.match_substring_regex(values, _ANY))
        places = pc.indices_nonzero(pc.or_(plain, pc.match_substring_regex(values, SECRETS)))
        seen = drawn(values.take(places))
        passed = pc.match_substring_regex(seen, _any_gate(), ignore_case=True)
        wide = pc.match_substring(values.take(places), "\uff20")
        kept = pc.indices_nonzero(pc.or_(passed, wide))
        if not len(kept):
            return
        places, seen = places.take(kept), seen.take(kept)
        keys, mine, weights = dice.random(len(places)), values.take(places), counts.take(places).to_numpy()
        for gate in searched():
            mask = pc.match_substring_regex(seen, gate.pattern, ignore_case=gate.name != "SECRET")
            if gate.name == "EMAIL_ADDRESS":
                mask = pc.or_(mask, pc.match_substring(mine, "\uff20"))
            through = pc.indices_nonzero(mask)
            if len(through):
                chosen = through.to_numpy()
                crowd = self.crowds.setdefault(gate.name, Crowd())
                crowd.offer(keys[chosen], mine.take(pa.array(chosen)), weights[chosen])

    def texts(self) -> Iterable[str]:
        """The distinct texts to read."""
        return dict.fromkeys(text for crowd in self.crowds.values() for _, text, _ in crowd.kept)

    def estimated(self, found: Mapping[str, Collection[Span]]) -> tuple[Counter[str], Counter[str]]:
        """How many cells are a kind or hold one inside, by the spans in the texts that were read."""
        whole, inside = Counter[str](), Counter[str]()
        for gate in searched():
            if (crowd := self.crowds.get(gate.name)) and crowd.kept:
                hits = _hits(gate, crowd, found)
                for (kind, is_whole), count in hits.items():
                    cells = max(1, round(count * crowd.cells / crowd.read))
                    (whole if is_whole else inside)[kind] += cells
        return whole, inside

    @property
    def unseen(self) -> float:
        """How likely it is at most that what 1 in 200 cells hold is not among those read."""
        read = [(len(crowd.kept), crowd.read, crowd.cells) for crowd in self.crowds.values() if crowd.kept]
        left = [
            (1 - min(1.0, RARE * self.cells / cells)) ** texts
            for texts, cells_read, cells in read
            if cells_read < cells
        ]
        return max(left, default=0.0)


def _hits(gate: Gate, crowd: Crowd, found: Mapping[str, Collection[Span]]) -> Counter[tuple[str, bool]]:
    hits: Counter[tuple[str, bool]] = Counter()
    for _, text, count in crowd.kept:
        length = len(text.strip())
        sure = [span for span in found.get(text, ()) if span.score >= _SURE]
        mine = {s.type: s.end - s.start >= 0.8 * length for s in sure if _is_of(s.type, gate)}
        hits.update(dict.fromkeys(mine.items(), count))
    return hits


def _is_of(kind: str, gate: Gate) -> bool:
    return kind in gate.kinds if gate.kinds else kind not in _kinds()
