"""What a column means beyond how it is stored: told from a sample of its values."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from statistics import quantiles
from typing import TYPE_CHECKING

from agents.tools.detection.quantities import quantities, unit_of
from agents.tools.profiling.draft import Draft
from agents.tools.profiling.formats import TYPICAL, known_format, learn_code
from agents.tools.profiling.profile import Quantities, Semantic
from assets.kinds.rules.columns import TIMES

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VALUES = 10_000
CATEGORIES = 200
_UNITS = 8
"""A measure is written in a few units; more of them are words after a house number."""
_WORDS = 5
_LONGEST_UNIT = 12


def semantic_of(draft: Draft, sample: pa.Table) -> Semantic:
    """What the column means; of text, also its format or its units, which the draft keeps."""
    family, present = draft.column.family, draft.facts["present"]
    if not present or family == "null":
        return "empty"
    if family in ("boolean", "other"):
        return family
    if family in TIMES:
        return "date" if family == "date" else "timestamp"
    near_unique = draft.facts["distinct"] >= 0.9 * present and present >= 20
    if family != "text":
        return "identifier" if near_unique and family == "integer" else "number"
    there = sample.column(draft.column.name).drop_null()
    step = max(1, len(there) // FORMAT_VALUES)
    values = [str(value) for value in there.to_pylist()[::step]]
    return _text_semantic(draft, values, near_unique)


def _text_semantic(draft: Draft, values: Sequence[str], near_unique: bool) -> Semantic:
    known = known_format(values)
    if known is None:
        draft.quantities = measures(values)
    if _few(draft) and not (known and known[1] == "date as text"):
        return "category"
    if known:
        draft.format = (known[0], known[2])
        return known[1]
    if draft.quantities:
        return "number with unit"
    code = learn_code(values)
    if code:
        draft.format = ("code", code)
        return "identifier" if near_unique else "code"
    return "free text" if _prose(values) else "text"


def _few(draft: Draft) -> bool:
    distinct, present = draft.facts["distinct"], draft.facts["present"]
    return present >= 100 and distinct <= CATEGORIES and distinct <= 0.05 * present and draft.facts["longest"] <= 100


def _prose(values: Sequence[str]) -> bool:
    """Whether at least half of the values are several words: a sentence, not a name or an address line."""
    return sum(1 for value in values if len(value[:400].split()) >= _WORDS) >= 0.5 * len(values) > 0


def measures(values: Sequence[str]) -> Quantities | None:
    """The units and quantiles of numbers with units; None where the values are anything else."""
    found = [one for one in quantities(values) if one is not None]
    if len(values) < 2 or len(found) < TYPICAL * len(values):
        return None
    units = Counter(unit_of(one) for one in found)
    usual = {unit: n for unit, n in units.most_common(_UNITS) if unit and n >= 0.01 * len(found) and _is_unit(unit)}
    padded = sum(1 for one in found if len(one.text) > 1 and one.text[0] == "0" and one.text[1].isdigit())
    wordy = sum(1 for one in found if len(one.after.split()) > 1)
    if padded or wordy > 0.2 * len(found):
        return None
    if sum(usual.values()) < 0.5 * len(found) or sum(usual.values()) + units[""] < 0.9 * len(found):
        return None
    numbers = [one.number for one in found if math.isfinite(one.number)]  # 1e999 is a number to people alone
    if len(numbers) < 2:
        return None
    cuts = quantiles(numbers, n=20, method="inclusive")
    shares = {unit: n / len(values) for unit, n in usual.items()}
    return Quantities(shares, tuple(cuts[i] for i in (0, 4, 9, 14, 18)))


def _is_unit(unit: str) -> bool:
    """A word such as kg or oz, or a sign of money, degrees or shares; `#12` is the name of a thing."""
    if len(unit) > _LONGEST_UNIT or any(char.isdigit() for char in unit.strip("/0123456789")):
        return False
    return all(char.isalpha() or char in "%‰°/.²³ " or unicodedata.category(char) == "Sc" for char in unit)
