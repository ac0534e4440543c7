"""Microsoft Purview: classifications `ADP.<type>` of what its data map knows, by its Atlas 2.2 interface.

The identity needs the role Data Curator in the collection. Purview's own classifications are neither set nor removed:
ours say exactly what the platform found, and carry its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from agents.core.errors import SourceError
from resources.catalogs import NONE, PURVIEW, Catalog, Described
from resources.catalogs_http import Rest, part

PREFIX = "ADP."
_BASE = "/datamap/api/atlas/v2"
_VERSION = {"api-version": "2023-09-01"}


class Purview(Catalog):
    """`kind` and `pattern` name its entities: with `{column}` in the pattern each column is one, else the table is."""

    name = PURVIEW

    def __init__(self, rest: Rest, kind: str, pattern: str) -> None:
        self._rest, self._kind, self._pattern = rest, kind, pattern
        self._made: set[str] = set()

    def publish(self, table: Described) -> str:
        """Bring the classifications of the entities to what the table holds."""
        entities = self._entities(table)
        changed = sum(self._set(entity, types) for entity, types in entities.items())
        return f"{len(table.types)} types on {len(entities)} entities, {changed} classifications were changed"

    def _entities(self, table: Described) -> dict[str, list[str]]:
        at = table.table
        names = {"environment": at.environment, "layer": at.layer, "table": at.name, "url": https(table.uri)}
        if "{column}" not in self._pattern:
            return {self._pattern.format(**names, column=""): table.types}
        each = {column: [pii] if pii != NONE else [] for column, pii in table.columns.items()}
        return {self._pattern.format(**names, column=column): types for column, types in each.items()}

    def _set(self, entity: str, types: Iterable[str]) -> int:
        place = f"{_BASE}/entity/uniqueAttribute/type/{part(self._kind)}"
        named = {**_VERSION, "attr:qualifiedName": entity}
        found = self._rest.ask("GET", place, params={**named, "minExtInfo": "true"}, expected=(404,))
        if found.status == 404:
            fix = "register and scan the lake there, or correct ADP_PURVIEW_TYPE and ADP_PURVIEW_NAME"
            raise SourceError(f"knows no {self._kind} {entity}", where=self.name, fix=fix)
        held = _held(found.body)
        wanted = {PREFIX + re.sub(r"[^A-Za-z0-9_]", "_", pii) for pii in types}
        missing, over = sorted(wanted - held), sorted(held - wanted)
        for name in missing:
            self._define(name)
        if missing:
            self._rest.ask("POST", f"{place}/classifications", params=named, body=[{"typeName": n} for n in missing])
        for name in over:
            self._rest.ask("DELETE", f"{place}/classification/{part(name)}", params=named, expected=(404,))
        return len(missing) + len(over)

    def _define(self, name: str) -> None:
        """Make the classification known there, once."""
        if name in self._made:
            return
        place = f"{_BASE}/types/classificationdef/name/{part(name)}"
        if self._rest.ask("GET", place, params=_VERSION, expected=(404,)).status == 404:
            made = {"category": "CLASSIFICATION", "name": name, "description": "Personal data found by the platform"}
            body = {"classificationDefs": [{**made, "superTypes": [], "attributeDefs": [], "entityTypes": []}]}
            self._rest.ask("POST", f"{_BASE}/types/typedefs", params=_VERSION, body=body, expected=(409,))
        self._made.add(name)


def https(uri: str) -> str:
    """`abfss://container@account.dfs…/path` as Purview names it; other places stay as they are."""
    parts = urlsplit(uri)
    if parts.scheme != "abfss" or not parts.username:
        return uri
    return f"https://{parts.hostname}/{parts.username}{parts.path}"


def _held(body: Mapping[str, Any]) -> set[str]:
    """Our classifications of an entity, checked: the answer comes from outside."""
    entity = body.get("entity")
    if not isinstance(entity, dict):
        fix = "check ADP_PURVIEW: something else answers there"
        raise SourceError("the answer is not of the form expected", where=PURVIEW, fix=fix)
    given = cast("Mapping[str, Any]", entity).get("classifications") or ()
    named = [str(cast("Mapping[str, Any]", one).get("typeName")) for one in given if isinstance(one, dict)]
    return {name for name in named if name.startswith(PREFIX)}
