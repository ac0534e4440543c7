"""Presidio's phone numbers, found sooner: a region is asked only when it could know the number.

`phonenumbers` reads every text once per region, at 40 microseconds or more each. Its own matcher is walked once to
list what it would try; a region whose numbering plan cannot hold any of these digits finds nothing, so it is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_NOT_DIGITS = re.compile(r"[^0-9]+")
_PLAIN = re.compile(r"[0-9\s()\[\]./~-]*\Z", re.A)
_INTERNATIONAL = re.compile(r"[\[(]*\+[0-9\s()./-]*\Z", re.A)


@cache
def _matchers(regions: tuple[str, ...]) -> tuple[type[Any], tuple[tuple[str, re.Pattern[str]], ...]]:
    """A matcher that only lists what it tries, and per region (one of each numbering plan) what it could know."""
    from phonenumbers import PhoneMetadata, PhoneNumberMatcher

    class Walk(PhoneNumberMatcher):
        """Finds nothing, so it tries everything; keeps what it tried."""

        def __init__(self, text: str, region: str, leniency: int) -> None:
            super().__init__(text, region, leniency=leniency)
            self.tried: list[str] = []
            self.whole = 0

        def _extract_match(self, candidate: str, offset: int) -> Any:
            self.whole += 1
            return super()._extract_match(candidate, offset)

        def _parse_and_verify(self, candidate: str, offset: int) -> None:
            self.tried.append(candidate)

    plans: dict[tuple[Any, ...], tuple[str, re.Pattern[str]]] = {}
    for region in regions:
        data: Any = PhoneMetadata.metadata_for_region(region, None)
        general = data.general_desc
        lengths = tuple(sorted({*general.possible_length, *general.possible_length_local_only}))
        plan = (data.country_code, data.international_prefix, data.national_prefix_for_parsing)
        plan += (data.national_prefix_transform_rule, general.national_number_pattern, lengths)
        plans.setdefault(plan, (region, _possible(data)))
    return Walk, tuple(plans.values())


def _possible(data: Any) -> re.Pattern[str]:
    """Digits that this region may read as a valid number: its prefixes, then a number of its plan."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    sharing: Any = COUNTRY_CODE_TO_REGION_CODE[data.country_code]
    numbers: list[Any] = [PhoneMetadata.metadata_for_region(name, None) for name in sharing]
    plan = "|".join(f"(?:{number.general_desc.national_number_pattern})" for number in numbers)
    prefix = data.national_prefix_for_parsing or ""
    # One that captures may leave out a carrier's digits too.
    prefix = r"\d{0,6}" if re.search(r"\((?!\?)", prefix) else f"(?:{prefix})?"
    return re.compile(rf"(?:{data.international_prefix})|(?:{data.country_code})?{prefix}(?:{plan})\Z", re.A)


def regions_for(text: str, regions: Sequence[str], leniency: int) -> list[str]:
    """The regions that may find a number in the text; the others, and those with an equal plan, find nothing more."""
    walk, plans = _matchers(tuple(regions))
    tried = walk(text, regions[0], leniency)
    tried.has_next()
    if not tried.tried:
        return []
    if tried.whole == 1 and all(_INTERNATIONAL.match(candidate) for candidate in tried.tried):
        return [plans[0][0]]
    found: set[str] = set()
    for candidate in set(tried.tried):
        if not _PLAIN.match(candidate):
            return [region for region, _ in plans]
        digits = _NOT_DIGITS.sub("", candidate)
        found.update(region for region, possible in plans if possible.match(digits))
    return [region for region, _ in plans if region in found]


def phone_finder(recognizer: Any) -> Callable[[str], list[tuple[int, int]]]:
    """`text -> [(start, end)]`, as Presidio's PhoneRecognizer of these regions and this leniency finds them."""
    from phonenumbers import PhoneNumberMatcher

    regions, leniency = tuple(recognizer.supported_regions), recognizer.leniency

    def find(text: str) -> list[tuple[int, int]]:
        return [
            (match.start, match.end)
            for region in regions_for(text, regions, leniency)
            for match in PhoneNumberMatcher(text, region, leniency=leniency)
        ]

    return find
