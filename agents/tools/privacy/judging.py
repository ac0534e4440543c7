"""What a column holds, by what was found in its cells and by what its values have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from agents.tools.privacy import candidates, headers
from agents.tools.privacy.candidates import Candidate
from agents.tools.privacy.dates import year_of
from agents.tools.privacy.facts import Facts
from agents.tools.privacy.found import ColumnScan
from agents.tools.privacy.ids import always
from agents.tools.privacy.ids_world import KINDS
from agents.tools.privacy.msisdn import dialled_in_full
from agents.tools.privacy.normal import compact
from agents.tools.privacy.tally import Tally

_SECRETS = ("PRIVATE_KEY", "CONNECTION_STRING", "API_KEY", "PASSWORD")
# Types that chance does not make: a few are enough. Others must fill a part of the column.
_CERTAIN = {"EMAIL_ADDRESS": 0.97, "IBAN_CODE": 0.97, "CRYPTO": 0.95, **dict.fromkeys(_SECRETS, 0.98)}
_LIKELY = {
    "CREDIT_CARD": 0.9,
    "IP_ADDRESS": 0.9,
    "MAC_ADDRESS": 0.9,
    "US_SSN": 0.85,
    "US_ITIN": 0.8,
    "PHONE_NUMBER": 0.8,
}
_LEAST_SEEN = 0.001
# National ids whose check so few other numbers pass that texts show them.
_CHECKED = frozenset(kind.type for kind in KINDS if kind.chance <= 0.05 and kind.check is not always)
_PERSONAL_URL = re.compile(
    r"/(?:u|user|users|profile|profiles|people|person|in|member|members|author|~\w+|@\w+)(?:/|\b)|@|linkedin|facebook"
)
_OTHER_URL = (
    "image",
    "img",
    "thumbnail",
    "doc",
    "docs",
    "api",
    "endpoint",
    "asset",
    "product",
    "logo",
    "repo",
    "webhook",
    "callback",
)


def judge(tally: Tally) -> ColumnScan:
    """The likeliest type, or none; with the part of the cells that hold it and the reason."""
    if not tally.cells:
        return ColumnScan(False, confidence=1.0, reason="no cell has a value")
    facts = Facts(tally.name, tally.sample, tally.numeric)
    found = sorted(_candidates(tally, facts), key=lambda c: (c.confidence + 0.1 * c.share, c.share), reverse=True)
    if not found or found[0].confidence < 0.4:
        return ColumnScan(False, confidence=0.8, reason="nothing personal was found in its cells")
    best = found[0]
    others = [c.type for c in found[1:] if c.type != best.type and c.confidence >= 0.6]
    reason = best.reason + (f"; also {', '.join(dict.fromkeys(others))}" if others else "")
    return ColumnScan(True, best.type, best.confidence, min(1.0, best.share), tally.examples(), reason)


def _candidates(tally: Tally, facts: Facts) -> Iterator[Candidate]:
    yield from _seen(tally, facts)
    if not facts.values:
        return
    yield from candidates.numbers(facts)
    yield from candidates.named_numbers(facts)
    yield from candidates.births(facts)
    if not tally.numeric:
        yield from candidates.people(facts)
        yield from candidates.places(facts)
    yield from _phones(tally, facts)


def _seen(tally: Tally, facts: Facts) -> Iterator[Candidate]:
    """Spans found in the cells, by how rarely chance makes them."""
    for kind in {*tally.whole, *tally.inside}:
        count = tally.whole[kind] + tally.inside[kind]
        share = count / tally.cells
        reason = f"{share:.1%} of the cells hold it"
        if kind in _CERTAIN:
            yield Candidate(kind, _CERTAIN[kind], share, reason)
        elif kind in _LIKELY and _is_likely(kind, tally, facts, share):
            yield Candidate(kind, _LIKELY[kind] - (0.2 if share < 0.02 else 0.0), share, reason)
        elif kind == "URL" and share > 0.5 and _personal_urls(facts):
            yield Candidate(kind, 0.6, share, reason)
        elif kind == "DATE_OF_BIRTH" and tally.inside[kind] > 0.01 * tally.cells:
            yield Candidate(kind, 0.7, share, reason)
        elif kind in _CHECKED and facts.sentences > 0.3 and tally.inside[kind] >= max(2, _LEAST_SEEN * tally.cells):
            yield Candidate(kind, 0.65, share, reason)
        elif kind == "UK_NINO" and tally.inside[kind] > 0.002 * tally.cells:
            yield Candidate(kind, 0.6, share, reason)


def _is_likely(kind: str, tally: Tally, facts: Facts, share: float) -> bool:
    if share < _LEAST_SEEN or (share * tally.cells < 2 and tally.cells > 20) or tally.constant(kind):
        return False
    if kind == "PHONE_NUMBER":
        told = facts.sentences > 0.3 or (facts.prose > 0.6 and tally.inside[kind] >= 0.02 * tally.cells)
        return told and tally.inside[kind] / tally.cells >= 0.002
    if kind == "IP_ADDRESS":
        return not _versions(facts)
    if kind in ("US_SSN", "US_ITIN"):
        if facts.shapes["999-99-9999"] >= 5 * share * facts.weight:
            return False  # a part of numbers that are all written so
        return not facts.counts_up and tally.whole[kind] < 0.5 * tally.cells and not headers.names_goods(facts.name)
    if kind == "CREDIT_CARD":
        return tally.passes(kind) >= 0.5 and _mostly_cards(facts)
    return True


def _mostly_cards(facts: Facts) -> bool:
    """Whether the cells that are such long numbers are cards; another kind of number has some by chance."""
    card = next(kind for kind in KINDS if kind.type == "CREDIT_CARD")
    long = {value: n for value, n in facts.compacts.items() if value.isdigit() and 12 <= len(value) <= 19}
    cards = sum(n for value, n in long.items() if card.fits(value))
    return not long or cards >= 0.6 * sum(long.values())


def _versions(facts: Facts) -> bool:
    """Dotted fours that start low in nearly all cells: versions, which networks do not."""
    fours = [value for value in facts.values if value.count(".") == 3 and compact(value).isdigit()]
    if not fours:
        return False
    low = sum(int(value.split(".")[0]) < 30 for value in fours) / len(fours)
    private = sum(value.startswith(("10.", "192.")) for value in fours) / len(fours)
    return low > 0.8 and private < 0.5 and len({value.split(".")[0] for value in fours}) <= 30


def _personal_urls(facts: Facts) -> bool:
    """Addresses of people's pages, or that differ from row to row under a name that does not speak of goods."""
    if facts.share(lambda value: _PERSONAL_URL.search(value) is not None) > 0.5:
        return True
    words = set(headers.words_of(facts.name))
    return facts.variety > 0.5 and not words & set(_OTHER_URL) and facts.share(lambda value: "://" in value) > 0.5


_ABROAD = re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[ -]?\(?\d{1,5}\)?[ .-]?)(?:\d[ .-]?){4,9}\d(?![\w.])")


def _is_day(value: str) -> bool:
    """Dates with dots are valid numbers of some country."""
    return year_of(value, date.today().year) is not None


def _dialled_so(value: str) -> bool:
    """Written as nothing but a phone number is."""
    return value.startswith("+") or (value.startswith("(") and ")" in value)


def _phones(tally: Tally, facts: Facts) -> Iterator[Candidate]:
    """Whole cells that are phones: by a numbering plan, by how they are written, by the name."""
    share = tally.whole["PHONE_NUMBER"] / tally.cells
    named = "PHONE_NUMBER" in headers.suggested(facts.name)
    if not named and (facts.counts_up or facts.share(_is_day) > 0.8):
        return
    dialled = facts.share(
        lambda value: 6 <= sum(c.isdigit() for c in value) <= 15 and not re.search(r"[^\d\s()+./x#-]", value)
    )
    if named and dialled >= 0.7 and facts.distinct >= 2 and facts.share(lambda v: len(compact(v)) >= 7) > 0.7:
        yield Candidate("PHONE_NUMBER", 0.9, dialled, "the name says so and the numbers have the form")
    elif share < 0.15 and facts.share(lambda v: _ABROAD.search(v) is not None) >= max(_LEAST_SEEN, 2 / facts.weight):
        yield Candidate("PHONE_NUMBER", 0.6, share, "some of its cells hold numbers to dial from abroad")
    elif share < 0.6 and not headers.names_goods(facts.name) and dialled_in_full(facts):
        yield Candidate("PHONE_NUMBER", 0.65, 1.0, "they begin with one country's code and are numbers of its plan")
    elif share >= 0.15 and (not headers.names_goods(facts.name) or facts.share(_dialled_so) > 0.8):
        written = facts.share(lambda value: re.search(r"[+()]|\d[ .-]\d", value) is not None)
        if share >= 0.6 or (share >= 0.25 and written > 0.2) or (share > 0.15 and facts.digits < 0.8):
            yield Candidate("PHONE_NUMBER", 0.45 + 0.35 * share, share, f"{share:.0%} of the cells are phone numbers")
