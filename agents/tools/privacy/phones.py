"""Presidio's phone numbers, found sooner: a region is asked only when it could know the number.

`phonenumbers` reads every text once per region, at 40 microseconds or more each. Its own matcher is walked once to
list what it would try; a region whose numbering plan cannot hold any of these digits finds nothing, so it is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

_NOT_DIGITS = re.compile(r"[^0-9]+")
_PLAIN = re.compile(r"[0-9\s()\[\]./~-]*\Z", re.A)
_INTERNATIONAL = re.compile(r"[\[(]*\+[0-9\s()./-]*\Z", re.A)
_GROUPS = re.compile(r"[0-9]+")
# The types that phonenumbers tries to tell whether a number is valid.
_TYPES = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


class Plan:
    """A region's numbering plan: the digits it may read as a valid number."""

    def __init__(self, region: str) -> None:
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

        data: Any = PhoneMetadata.metadata_for_region(region, None)
        sharing: Any = COUNTRY_CODE_TO_REGION_CODE[data.country_code]
        numbers: list[Any] = [PhoneMetadata.metadata_for_region(name, None) for name in sharing]
        types = [getattr(number, name) for number in numbers for name in _TYPES]
        plan = "|".join(sorted({f"(?:{kind.national_number_pattern})" for kind in types if _has_pattern(kind)}))
        # Of a prefix that keeps a group (after a carrier's code), the group is the number itself.
        prefix = re.sub(r"\(\\d\{\d+,\d+\}\)", "", data.national_prefix_for_parsing or "")
        country = rf"{data.country_code}(?:{prefix}){{0,2}}"
        self.region = region
        # Groups of dates and codes come again and again.
        self.may_know = lru_cache(maxsize=20_000)(self._may_know)
        self.pattern = rf"(?:{data.international_prefix})|(?:{country}|(?:{prefix}){{0,2}})(?:{plan})$"
        self._prefixed = re.compile(
            rf"(?:{data.international_prefix})|(?:{country}|(?:{prefix}){{1,2}})(?:{plan})\Z", re.A
        )
        self._bare = re.compile(rf"(?:{plan})\Z", re.A)
        self._formats = numbers[0].number_format
        self.key = (data.country_code, data.international_prefix, data.national_prefix_for_parsing)
        self.key += (data.national_prefix_transform_rule, data.general_desc.national_number_pattern)
        self.key += (frozenset({*data.general_desc.possible_length, *data.general_desc.possible_length_local_only}),)

    def _may_know(self, digits: str) -> bool:
        """Whether digits without a plus may be a valid number here."""
        if self._prefixed.match(digits):
            return True
        return self._bare.match(digits) is not None and not self._wants_prefix(digits)

    def _wants_prefix(self, number: str) -> bool:
        """Whether such a number is only written with the national prefix before it."""
        util: Any = import_module("phonenumbers.phonenumberutil")
        form = util._choose_formatting_pattern_for_number(self._formats, number)
        if form is None or not form.national_prefix_formatting_rule or form.national_prefix_optional_when_formatting:
            return False
        return not util._formatting_rule_has_first_group_only(form.national_prefix_formatting_rule)


def _has_pattern(kind: Any) -> bool:
    return kind is not None and kind.national_number_pattern is not None


@cache
def _plans(regions: tuple[str, ...]) -> tuple[Plan, ...]:
    """One region of each plan: two with the same read every number alike."""
    plans: dict[tuple[Any, ...], Plan] = {}
    for region in regions:
        plan = Plan(region)
        plans.setdefault(plan.key, plan)
    return tuple(plans.values())


@cache
def _walk() -> type[Any]:
    from phonenumbers import PhoneNumberMatcher

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

    return Walk


def digits_any_region_may_know(recognizer: Any) -> str:
    """A pattern of the digits (of a text that is digits alone) in which some region may find a number."""
    return "|".join(f"^(?:{plan.pattern})" for plan in _plans(tuple(recognizer.supported_regions)))


def regions_for(text: str, regions: Sequence[str], leniency: int) -> list[str]:
    """The regions that may find a number in the text; the others, and those with an equal plan, find nothing more."""
    plans = _plans(tuple(regions))
    tried = _walk()(text, regions[0], leniency)
    tried.has_next()
    if not tried.tried:
        return []
    if tried.whole == 1 and all(_INTERNATIONAL.match(candidate) for candidate in tried.tried):
        return [plans[0].region]
    found: set[str] = set()
    for candidate in set(tried.tried):
        if not _PLAIN.match(candidate):
            return [plan.region for plan in plans]
        digits = _NOT_DIGITS.sub("", candidate)
        found.update(plan.region for plan in plans if plan.region not in found and plan.may_know(digits))
    return [plan.region for plan in plans if plan.region in found]


def phone_finder(recognizer: Any) -> Callable[[str], list[tuple[int, int]]]:
    """`text -> [(start, end)]`, as Presidio's PhoneRecognizer of these regions and this leniency finds them."""
    from phonenumbers import PhoneNumberMatcher
    from phonenumbers.phonenumbermatcher import _PATTERN as PIECE  # pyright: ignore[reportPrivateUsage]

    regions, leniency = tuple(recognizer.supported_regions), recognizer.leniency
    plans = _plans(regions)
    likely = list(plans)  # the region that knew the last number first: columns keep to one country

    def matches(text: str, region: str) -> list[tuple[int, int]]:
        return [(match.start, match.end) for match in PhoneNumberMatcher(text, region, leniency=leniency)]

    def find(text: str) -> list[tuple[int, int]]:
        first = PIECE.search(text)
        if first is None:
            return []
        asked: dict[str, list[tuple[int, int]]] = {}
        part = first[0]
        if _is_one(part) and PIECE.search(text, first.end()) is None:
            digits = _NOT_DIGITS.sub("", part)
            for plan in plans[:1] if "+" in part else tuple(likely):
                if "+" in part or plan.may_know(digits):
                    asked[plan.region] = matches(text, plan.region)
                    # All that another region can find lies inside of this, which leaves nothing to add.
                    if first.span() in asked[plan.region]:
                        likely.remove(plan)
                        likely.insert(0, plan)
                        return [first.span()]
            if part.isdigit():
                return [span for spans in asked.values() for span in spans]
        if not any(_some_may(piece[0], plans) for piece in PIECE.finditer(text)):
            return [span for spans in asked.values() for span in spans]
        for region in regions_for(text, regions, leniency):
            if region not in asked:
                asked[region] = matches(text, region)
        return [span for spans in asked.values() for span in spans]

    return find


def _is_one(part: str) -> bool:
    """Whether a piece is tried as a whole first, and no number that starts in it can end beyond it."""
    if sum(character.isdigit() for character in part) > 20 or "/" in part:
        return False
    return _PLAIN.match(part) is not None or _INTERNATIONAL.match(part) is not None


def _some_may(part: str, plans: Sequence[Plan]) -> bool:
    """Whether any run of the piece's groups of digits may be a number: each inner piece that is tried is such a run."""
    groups = _GROUPS.findall(part)
    if not _PLAIN.match(part) or len(groups) > 8:
        return True
    runs = {"".join(groups[i:j]) for i in range(len(groups)) for j in range(i + 1, len(groups) + 1)}
    return any(plan.may_know(run) for run in runs if len(run) >= 4 for plan in plans)
