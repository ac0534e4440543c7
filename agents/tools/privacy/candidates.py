"""What a column may hold, by its values and its name; each with how sure that is, from 0 to 1."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from agents.tools.privacy import headers, names
from agents.tools.privacy.dates import like_births, year_of
from agents.tools.privacy.facts import Facts
from agents.tools.privacy.ids import IdKind, always
from agents.tools.privacy.ids_world import GOODS, KINDS
from agents.tools.privacy.places import could_be_address, is_address


class Candidate(NamedTuple):
    """A type the column may hold: how sure, for which part of the cells, and why."""

    type: str
    confidence: float
    share: float
    reason: str


def numbers(facts: Facts) -> Iterator[Candidate]:
    """National ids and cards: their form in nearly all cells of a kind, and a check that chance would not pass."""
    if facts.counts_up or facts.measures or facts.sentences > 0.5:
        return
    goods, _ = _fit(facts, GOODS)
    said = headers.suggested(facts.name)
    for kind in _possible(facts):
        passed, share = _fit(facts, kind)
        named = headers.says(facts.name, kind.words) or kind.type in said
        if kind.type in said and (formed := _formed(facts, kind)) >= 0.7 and facts.variety > 0.2:
            # Some countries gave up their check digit, and invented data has none that is right.
            yield Candidate(kind.type, 0.76, formed, "the name says so and the numbers have the form")
        if share < 0.02 or passed < 0.9:
            continue
        if goods >= 0.9 and not named and kind.chance > 0.005 and share > 0.5:
            continue
        sure = _sure(facts, kind, passed, share, named=named)
        if sure >= 0.4:
            why = "the name says so and " if named else ""
            yield Candidate(kind.type, min(0.99, sure), share, f"{why}{passed:.0%} of its numbers pass the check")


def _formed(facts: Facts, kind: IdKind) -> float:
    """The part of the cells that have the form, whatever the check says."""
    return sum(n for value, n in facts.compacts.items() if kind.form.fullmatch(value)) / max(1, facts.weight)


def _sure(facts: Facts, kind: IdKind, passed: float, share: float, *, named: bool) -> float:
    """What the check is worth: how unlikely it is that other numbers would pass as often."""
    written = kind.written and any(facts.shapes[w] >= 0.05 * facts.weight for w in kind.written)
    found = round(share * facts.distinct)
    signal = found * math.log(1 / kind.chance) if passed >= 0.98 else found * passed * 0.5
    sure = 0.75 * (1 - math.exp(-signal / 12)) + (0.3 if named else 0.0) + (0.12 if written else 0.0)
    if kind.chance >= 0.1 and kind.check.__name__ in ("always", "nino") and headers.names_goods(facts.name):
        sure -= 0.5  # a form alone, and the name says that it is something else
    if kind.type == "US_SSN" and not named and not written and not _spread(facts):
        sure -= 0.5
    if kind.check is always and not named and 0 < 5 * share * facts.weight <= _written(facts, kind):
        sure -= 0.5  # a part of numbers that are all written so, as many as chance puts into its range
    if kind.check is always and share <= max(0.6, 2 * kind.chance) and not (named or written):
        sure -= 0.5  # no more of its form than any numbers have
    if kind.chance > 0.3 and (passed < 0.998 or share < 0.9) and not (named or written):
        sure -= 0.5
    return sure


def _written(facts: Facts, kind: IdKind) -> int:
    """How many cells are written as the kind is, whatever stands in them."""
    return sum(facts.shapes[form] for form in kind.written)


def _spread(facts: Facts) -> bool:
    """Whether numbers start with nearly every digit but 9, as those of people from everywhere do."""
    firsts = {value[0] for value in facts.compacts if value.isdigit()}
    return facts.distinct >= 20 and len(firsts - {"9"}) >= 7 and "9" not in firsts


def _possible(facts: Facts) -> list[IdKind]:
    """The kinds whose form some value of a frequent shape has: most columns need no more than a look."""
    seen: dict[str, list[str]] = {}
    for value in facts.compacts:
        listed = seen.setdefault(re.sub(r"\d", "9", re.sub("[A-Z]", "A", value)), [])
        if len(listed) < 8:
            listed.append(value)
    tried = [value for listed in list(seen.values())[:50] for value in listed]
    return [kind for kind in KINDS if any(kind.form.fullmatch(value) for value in tried)]


def _fit(facts: Facts, kind: IdKind) -> tuple[float, float]:
    """Of the cells with the form the part that passes the check; the part of all cells that does both."""
    formed = passed = 0
    for value, count in facts.compacts.items():
        if kind.form.fullmatch(value):
            formed += count
            passed += count if kind.check(value) else 0
    return passed / max(1, formed), passed / max(1, facts.weight)


_NAMED_FORMS = (
    ("US_BANK_NUMBER", re.compile(r"\d{6,17}"), 0.7),
    ("US_DRIVER_LICENSE", re.compile(r"(?=.*\d{3})[A-Z0-9]{5,19}"), 0.75),
    ("US_PASSPORT", re.compile(r"[A-Z]{0,2}\d{6,9}[A-Z]?"), 0.75),
)


def named_numbers(facts: Facts) -> Iterator[Candidate]:
    """Numbers without a check, which only the column's name tells."""
    if facts.distinct < 2 or (facts.variety < 0.2 and facts.distinct < 30):
        return
    said = headers.suggested(facts.name)
    for kind, form, sure in _NAMED_FORMS:
        if kind in said and not headers.names_goods(facts.name):
            share = sum(n for v, n in facts.compacts.items() if form.fullmatch(v)) / max(1, facts.weight)
            if share >= 0.7:
                yield Candidate(kind, sure, share, "the name says so and the numbers have the form")
    if "US_PASSPORT" not in said and not headers.names_goods(facts.name) and _passports(facts):
        yield Candidate("US_PASSPORT", 0.45, 1.0, "a letter and eight digits, as passports have")


def _passports(facts: Facts) -> bool:
    alike = facts.shapes["A99999999"] >= 0.95 * facts.weight
    return alike and facts.variety > 0.9 and not facts.counts_up


def births(facts: Facts) -> Iterator[Candidate]:
    """Days that spread over the years as births do, or that the name calls births."""
    if not facts.values or len(next(iter(facts.values))) > 40:
        return
    now = date.today().year
    years: list[int] = []
    for value, count in facts.values.items():
        if (year := year_of(value, now)) is not None:
            years += [year] * min(count, 20)
    share = facts.share(lambda value: year_of(value, now) is not None)
    named = "DATE_OF_BIRTH" in headers.suggested(facts.name)
    if share < (0.5 if named else 0.8) or (headers.names_other_dates(facts.name) and not named):
        return
    if like_births(years, now, named=named):
        yield Candidate("DATE_OF_BIRTH", 0.95 if named else 0.7, share, "days that spread over the years as births do")


def people(facts: Facts) -> Iterator[Candidate]:
    """Names: known ones in many cells, or the form of names under a name that asks for them."""
    if facts.distinct < 2 or facts.sentences > 0.5:
        return
    shaped = facts.share(names.looks_like_name)
    asked, role = headers.names_people(facts.name), headers.names_a_role(facts.name)
    named, others = asked or role, headers.names_others(facts.name)
    if shaped < 0.6:
        return
    organisations, places = facts.share_of_some(names.is_organisation), facts.share_of_some(names.is_place)
    known = facts.share(lambda value: names.is_known_name(value) > 0)
    full = facts.share(lambda value: names.is_known_name(value) == 2)
    if others and not (full > 0.5 and organisations < 0.02 and places < 0.1 and facts.variety > 0.3):
        return
    if organisations > 0.12 and not named and not _people_among_firms(facts, organisations):
        return
    enough = facts.distinct >= (3 if asked else 10)
    if named and (known >= 0.1 or (shaped >= 0.85 and enough and _written_as_names(facts, two_words=not asked))):
        yield Candidate("PERSON", min(0.98, 0.65 + known / 2), shaped, "the name asks for names, and they are names")
    elif places > 0.35 and full < 0.3:
        return
    elif _enough_names(facts, known, full):
        yield Candidate(
            "PERSON", min(0.95, 0.5 + max(full, known / 2)), shaped, f"{known:.0%} of the cells hold a known name"
        )


def _people_among_firms(facts: Facts, organisations: float) -> bool:
    """Whether much of a column of parties is people: whole names, and more than what firms are called after."""
    full = facts.share_of_some(lambda value: names.is_known_name(value) == 2 and not names.is_organisation(value))
    return organisations <= 0.6 and full >= 0.4 * (1 - organisations)


def _enough_names(facts: Facts, known: float, full: float) -> bool:
    """Whether so many names are no accident, by cells and by values: one frequent word may look like a name."""
    levels = [names.is_known_name(value) for value in facts.values]
    full = min(full, sum(level == 2 for level in levels) / facts.distinct)
    known = min(known, sum(level > 0 for level in levels) / facts.distinct)
    if facts.distinct < 12 and facts.variety < 0.1:
        return full >= 0.5  # a few values that come again and again: they may be of anything
    return full >= 0.25 or (known >= 0.35 and facts.distinct >= 8)


def _written_as_names(facts: Facts, *, two_words: bool) -> bool:
    """With a capital first, or in letters that have none; of somebody only mentioned, with two names at least."""
    capital = facts.share(lambda value: not value[0].islower()) > 0.9
    return capital and (not two_words or facts.share(lambda value: " " in value) > 0.7)


def places(facts: Facts) -> Iterator[Candidate]:
    """Postal addresses."""
    share = facts.share_of_some(is_address)
    named = "LOCATION" in headers.suggested(facts.name)
    loose = facts.share_of_some(could_be_address) if named and share < 0.2 else 0.0
    if loose >= 0.6 and facts.variety > 0.3 and not headers.names_others(facts.name):
        yield Candidate("LOCATION", 0.6, loose, "the name says so, and words stand with a number as in addresses")
    if share >= (0.2 if named else 0.5) and facts.distinct >= 2:
        yield Candidate(
            "LOCATION", min(0.97, 0.5 + share / 2 + (0.1 if named else 0)), share, "written as addresses are"
        )
