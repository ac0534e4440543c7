"""Payment cards: which numbers networks issue (ISO/IEC 7812 prefixes and lengths), beyond the check digit."""

from __future__ import annotations

import re

from agents.tools.privacy.checksums import luhn

# Networks' own ranges. Visas of 13 digits have not been issued for decades, but old tables hold them.
_NETWORKS = (
    r"4\d{12}(?:\d{3}){0,2}",  # Visa
    r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}",  # Mastercard
    r"220[0-4]\d{12,15}",  # Mir
    r"3[47]\d{13}",  # American Express
    r"(?:30[0-59]|3[689]\d)\d{11}(?:\d{2})?",  # Diners Club
    r"35(?:2[89]|[3-8]\d)\d{12}(?:\d{3})?|(?:2131|1800)\d{11}",  # JCB
    r"6(?:011|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?",  # Discover, RuPay, Troy, Elo
    r"(?:62|81|82)\d{14}(?:\d{1,3})?",  # UnionPay, RuPay
    r"(?:50(?:18|20|38)|5[6-8]\d\d|6304|6390|67\d\d)\d{8,15}",  # Maestro
    r"(?:50(?:[6-9]\d|41)|60\d\d|636\d|627\d|9792)\d{12}",  # Elo, Verve, RuPay, Hipercard, Troy
    r"1\d{14}",  # UATP
)
FORM = "|".join(_NETWORKS)
_ISSUED = re.compile(FORM)


def issued(number: str) -> bool:
    """Whether a network could have issued a number (digits alone): its first digits, its length, its check digit."""
    return _ISSUED.fullmatch(number) is not None and luhn(number)
