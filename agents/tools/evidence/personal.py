"""Personal data of a table: what its spec declares, and what its columns' names suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.tools.evidence.changes import Entry

TAG = "pii"
_SUGGESTING = re.compile(
    r"(?:^|_)(?:e_?mail|phone|mobile|fax|ssn|social_security|passport|birth\w*|dob|first_?name|last_?name|sur_?name|"
    r"given_name|family_name|maiden_name|full_?name|(?:customer|contact|person|patient|employee|user)_?name|address\w*|"
    r"street|post_?code|zip(?:_?code)?|iban|card(?:_?(?:no|number))?|ip_?addr\w*|tax_?id|national_id|licen[sc]e_(?:no|number)|"
    r"salary|religion|ethnicity|diagnosis)(?:_|\d|$)"
)


@dataclass(frozen=True, slots=True)
class Personal:
    """`declared` is the tag `pii`, empty without one; `suggested` are columns with a telling name."""

    declared: str
    suggested: tuple[str, ...]
    masked: bool = False


def personal_data(entry: Entry | None, columns: Iterable[str], *, masked: bool) -> Personal:
    """What is known without looking at rows; `masked` says that the lake has a masked view of the table."""
    tags = (entry or {}).get("tags") or {}
    return Personal(str(tags.get(TAG) or ""), tuple(name for name in columns if suggests(name)), masked)


def suggests(column: str) -> bool:
    """Whether a column's name is one that personal data often has."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", column).lower()
    return _SUGGESTING.search(plain) is not None
