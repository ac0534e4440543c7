"""What a spec says of personal data in a table, as Dagster shows it and as policy is asked about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import dagster as dg

from agents.core.catalog import TableId
from assets.kinds.spec import Column, Extension, Table
from assets.kinds.spec_classes import CLASSES, NONE, PII

# Metadata: the masked views of a table in its environment, as JSON; a copy of it elsewhere needs one there too.
VIEWS = "platform/masked_views"
Views = Mapping[TableId, tuple[TableId, ...]]


def masked_views(tables: Iterable[tuple[Table, str]]) -> dict[TableId, tuple[TableId, ...]]:
    """By table its masked views, from the tables of each environment."""
    found: dict[TableId, tuple[TableId, ...]] = {}
    for table, environment in tables:
        if table.masked is not None:
            source = TableId(environment, *table.masked.source.split("/", 1))
            found[source] = (*found.get(source, ()), TableId(environment, table.layer, table.name))
    return found


def personal(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns that hold personal data."""
    return {name: column for name, column in columns.items() if column.pii not in ("", NONE)}


def data_class(of: Table | Extension, views: Iterable[TableId] = ()) -> str:
    """none, masked, unmasked or unknown (nobody has looked); empty where there is nothing to add to the tags.

    A table with personal data counts as masked where readers have a masked view of it. Of the tag that people write and
    of what the columns say, the stricter counts.
    """
    told = of.tags.get(PII, "")
    if isinstance(of, Table) and of.masked is not None:
        return _stricter("masked", told)
    if not any(column.pii for column in of.columns.values()):
        return told
    found = "none" if not personal(of.columns) else "masked" if tuple(views) else "unmasked"
    return _stricter(found, told)


def personal_tags(of: Table | Extension, views: Iterable[TableId]) -> dict[str, str]:
    """The tag `pii` of an asset, where anything is known."""
    found = data_class(of, views)
    return {PII: found} if found else {}


def personal_metadata(of: Table | Extension, views: Iterable[TableId]) -> dict[str, object]:
    """The columns with their classes, and the masked views, as the definition of an asset carries them."""
    named = [_column(name, column) for name, column in of.columns.items() if column.pii or column.description]
    found: dict[str, object] = {"dagster/column_schema": dg.TableSchema(named)} if named else {}
    if seen := [view.asset for view in views]:
        found[VIEWS] = json.dumps(seen)
    return found


def _column(name: str, column: Column) -> dg.TableColumn:
    """The type is that of the last materialization: the catalog joins both."""
    tags = {PII: column.pii} if column.pii else {}
    if column.pii and column.confidence is not None:
        tags["confidence"] = f"{column.confidence:.2f}"
    if column.mask is not None:
        tags["mask"] = column.mask.method
    return dg.TableColumn(name, "unknown", column.description or None, tags=tags)


def _stricter(found: str, told: str) -> str:
    return max(found, told, key=CLASSES.index) if told in CLASSES else found
