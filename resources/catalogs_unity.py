"""Unity Catalog: the tag `adp_pii` of columns and tables, by its entity tag assignments (REST, no warehouse needed).

The identity needs APPLY TAG on the table, USE SCHEMA and USE CATALOG. Other tags are neither read nor changed.
"""

from __future__ import annotations

from agents.core.errors import SourceError
from resources.catalogs import NONE, UNITY, Catalog, Described
from resources.catalogs_http import Rest, part

TAG = "adp_pii"
_PATH = "/api/2.1/unity-catalog/entity-tag-assignments"


class UnityCatalog(Catalog):
    """`pattern` gives a table's full name there, such as `main.{layer}.{table}`."""

    name = UNITY

    def __init__(self, rest: Rest, pattern: str) -> None:
        self._rest, self._pattern = rest, pattern

    def publish(self, table: Described) -> str:
        """Tag the table with its state and each column with its type; what is harmless now loses its tag."""
        at = table.table
        names = {"environment": at.environment, "layer": at.layer, "table": _plain(at.name), "url": table.uri}
        full = self._pattern.format(**names, column="")
        changed = self._set("tables", full, table.state)
        for column, pii in table.columns.items():
            changed += self._set("columns", f"{full}.{_plain(column)}", pii)
        tagged = sum(pii != NONE for pii in table.columns.values())
        return f"{full}: {tagged} of {len(table.columns)} columns carry {TAG}, {changed} tags were changed"

    def _set(self, kind: str, entity: str, value: str) -> int:
        """Bring one tag to a value, none of it for `none` on a column; how many tags were changed."""
        place = f"{_PATH}/{kind}/{part(entity)}/tags/{TAG}"
        now = self._rest.ask("GET", place, expected=(404,))
        held = now.body.get("tag_value") if now.status != 404 else None
        if kind == "columns" and value == NONE:
            if held is not None:
                self._rest.ask("DELETE", place, expected=(404,))
            return int(held is not None)
        if held == value:
            return 0
        body = {"entity_type": kind, "entity_name": entity, "tag_key": TAG, "tag_value": value}
        made = self._rest.ask("POST", _PATH, body=body, expected=(404, 409)) if held is None else None
        if made is not None and made.status == 404:
            fix = "register the table there, or correct ADP_UNITY_TABLE"
            raise SourceError(f"has no {kind[:-1]} {entity}", where=self.name, fix=fix)
        if made is None or made.status == 409:  # somebody else was first, or the first answer was lost
            self._rest.ask("PATCH", place, params={"update_mask": "tag_value"}, body=body)
        return 1


def _plain(name: str) -> str:
    """Names are joined by dots there: a dot within one would name another table's column."""
    if "." in name:
        fix = "give the column another name"
        raise SourceError(f"cannot name {name!r}: it has a dot", where=UNITY, fix=fix)
    return name
