"""Personal data of a table: what scans and people said of its columns, and what their names suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.tools.evidence.changes import Entry
from assets.kinds.spec_classes import NONE, PII

_SUGGESTING = re.compile(
    r"(?:^|_)(?:e_?mail|phone|mobile|fax|ssn|social_security|passport|birth\w*|dob|first_?name|last_?name|sur_?name|"
    r"given_name|family_name|maiden_name|full_?name|(?:customer|contact|person|patient|employee|user)_?name|address\w*|"
    r"street|post_?code|zip(?:_?code)?|iban|card(?:_?(?:no|number))?|ip_?addr\w*|tax_?id|national_id|licen[sc]e_(?:no|number)|"
    r"salary|religion|ethnicity|diagnosis)(?:_|\d|$)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A column with personal data: its type, and how the masked view hides it; empty where nothing does."""

    column: str
    pii: str
    mask: str


@dataclass(frozen=True, slots=True)
class Personal:
    """`declared` is the tag `pii`, empty without one; `suggested` are columns with a telling name.

    `found` is what a scan or a person said of columns, `unseen` are those of which nobody did; `views` are its masked
    views. `masked` says that the lake has one; `view_of` is the table that it is itself a masked view of.
    """

    declared: str
    suggested: tuple[str, ...]
    masked: bool = False
    found: tuple[Found, ...] = ()
    unseen: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    view_of: str = ""

    @property
    def scanned(self) -> bool:
        """Whether anybody looked at the columns."""
        return bool(self.found) or not self.unseen


def personal_data(
    entry: Entry | None, columns: Iterable[str], *, masked: bool, views: Mapping[str, Entry] | None = None
) -> Personal:
    """What spec and names say; `masked`: the lake has a masked view; `views` are the entries of its masked views."""
    of, names = entry or {}, tuple(columns)
    tags, classes = of.get("tags") or {}, of.get("columns") or {}
    suggested = tuple(name for name in names if suggests(name))
    known = {name: column for name, column in classes.items() if column.get("pii")}
    found = [
        Found(name, column["pii"], _mask(name, column, views or {}))
        for name, column in known.items()
        if column["pii"] != NONE
    ]
    unseen = tuple(name for name in names if name not in known and not name.startswith("_"))
    source = str((of.get("masked") or {}).get("source") or "")
    return Personal(str(tags.get(PII) or ""), suggested, masked, tuple(found), unseen, tuple(views or {}), source)


def _mask(name: str, column: Mapping[str, Any], views: Mapping[str, Entry]) -> str:
    """How the first masked view hides a column."""
    for entry in views.values():
        view: Mapping[str, Any] = entry.get("masked") or {}
        if name in (view.get("drop") or ()):
            return "dropped"
        chosen = (view.get("columns") or {}).get(name) or column.get("mask") or {}
        return str(chosen.get("method") or "masked by its type")
    return ""


def suggests(column: str) -> bool:
    """Whether a column's name is one that personal data often has."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", column).lower()
    return _SUGGESTING.search(plain) is not None
