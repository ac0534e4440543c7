"""Which mask a column gets when nobody chose one, by the type of its personal data. Pure."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.types as pat

from assets.kinds.masking.values import is_text
from assets.kinds.spec import Mask

# Joins and counts go by these, and nobody has to read them. Ids of a country begin with its two letters.
_IDENTIFYING = re.compile(
    r"EMAIL_ADDRESS|PHONE_NUMBER|IBAN_CODE|CREDIT_CARD|IP_ADDRESS|MAC_ADDRESS|CRYPTO|MEDICAL_LICENSE|[A-Z]{2}_\w+"
)
_DATES = frozenset({"DATE_OF_BIRTH", "DATE_TIME"})
_TEXTS = frozenset({"FREE_TEXT"})
REDACT = Mask("redact")


def default_mask(pii: str, kind: pa.DataType) -> Mask:
    """Identifiers are hashed, dates are brought to their year, and all else is redacted."""
    if pii in _DATES:
        dated = pat.is_date(kind) or pat.is_timestamp(kind) or is_text(kind)
        return Mask("generalise", granularity="year") if dated else REDACT
    if pii in _TEXTS and is_text(kind):
        return Mask("redact", inside=True)
    return Mask("hash") if _IDENTIFYING.fullmatch(pii) else REDACT
