"""Schema evolution: what a source's columns mean for the table they land in.

added          a column the table lacks             taken; earlier rows have null
widened        a type that holds more               taken; the table's column becomes as wide
removed        a column the source no longer has    null in the new rows, and a warning
renamed        a name that differs in case only     lands under the table's name
converted      another type, all values fit         cast to the table's type
incompatible   another type, some values may not    rows that do not fit go to quarantine (rule `schema`)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agents.core.errors import SchemaMismatch
from resources.lake_types import cast, convert, delta_schema, delta_type, unify, wider

if TYPE_CHECKING:
    import pyarrow as pa

INGESTED_AT, SOURCE = "_ingested_at", "_source"
RULE = "schema"
Change = Literal["added", "widened", "removed", "renamed", "converted", "incompatible"]
_LEAF = 64


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One difference between what a source has now and what its table had."""

    kind: Change
    column: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        types = f" ({' -> '.join(part for part in (self.before, self.after) if part)})"
        return f"{self.kind} {self.column}{types if self.before or self.after else ''}"


@dataclass(frozen=True, slots=True)
class Evolution:
    """How rows of `source` become rows of `target`: for each target column the place of its source column, or None."""

    source: pa.Schema
    target: pa.Schema
    places: tuple[int | None, ...]
    changes: tuple[SchemaChange, ...]
    warnings: tuple[str, ...]


def reconcile(table: pa.Schema | None, source: pa.Schema, where: str) -> Evolution:
    """The shape in which rows of `source` land in a table (None: not there yet); SchemaMismatch for unusable names."""
    import pyarrow as pa

    names, warnings = _landing_names(source)
    stored = delta_schema(pa.schema([pa.field(n, f.type) for n, f in zip(names, source, strict=True)]), where)
    if table is None:
        return Evolution(source, stored, tuple(range(len(stored))), (), tuple(warnings))
    known = pa.schema([field for field in table if field.name not in {INGESTED_AT, SOURCE}])
    stored = _typed_like(known, stored, source)
    places = {name.casefold(): n for n, name in enumerate(stored.names)}
    changes = [change for field in known for change in _compare(field, stored, places.get(field.name.casefold()))]
    lower = {field.name.casefold() for field in known}
    changes += [SchemaChange("added", f.name, "", str(f.type)) for f in stored if f.name.casefold() not in lower]
    warnings += [_warning(change) for change in changes if change.kind in {"removed", "incompatible"}]
    target = unify(known, stored)
    return Evolution(
        source, target, tuple(places.get(name.casefold()) for name in target.names), tuple(changes), tuple(warnings)
    )


def _landing_names(source: pa.Schema) -> tuple[list[str], list[str]]:
    """Column names as they land: the platform's own two are kept free."""
    names: list[str] = []
    warnings: list[str] = []
    for name in source.names:
        if name.casefold() in {INGESTED_AT, SOURCE}:
            warnings.append(f"column {name!r} of the source lands as 'source_{name}': the platform uses that name")
            name = f"source_{name}"
        names.append(name)
    return names, warnings


def _typed_like(known: pa.Schema, stored: pa.Schema, source: pa.Schema) -> pa.Schema:
    """A column without any value has no type of its own: it takes the table's."""
    import pyarrow as pa
    import pyarrow.types as pat

    types = {field.name.casefold(): field.type for field in known}
    return pa.schema(
        [
            pa.field(field.name, types.get(field.name.casefold(), field.type) if pat.is_null(raw.type) else field.type)
            for field, raw in zip(stored, source, strict=True)
        ]
    )


def _compare(known: pa.Field, stored: pa.Schema, place: int | None) -> list[SchemaChange]:
    if place is None:
        return [SchemaChange("removed", known.name, str(known.type))]
    field = stored.field(place)
    changes: list[SchemaChange] = []
    if field.name != known.name:
        changes.append(SchemaChange("renamed", known.name, field.name, known.name))
    if not field.type.equals(known.type):
        changes.append(SchemaChange(_kind(known.type, field.type), known.name, str(known.type), str(field.type)))
    return changes


def _kind(known: pa.DataType, other: pa.DataType) -> Change:
    import pyarrow.types as pat

    join = wider(known, other)
    if join is not None:
        return "converted" if join.equals(known) else "widened"
    as_text = pat.is_string(known) and not pat.is_nested(other) and not pat.is_binary(other)
    as_moment = pat.is_timestamp(known) and pat.is_timestamp(other)
    return "converted" if as_text or as_moment else "incompatible"


def _warning(change: SchemaChange) -> str:
    if change.kind == "removed":
        return f"the source no longer has column {change.column!r}: it is null in the new rows"
    return (
        f"column {change.column!r} is {change.after} at the source and {change.before} in the table: "
        "rows whose value does not fit are quarantined"
    )


def shape(batch: pa.RecordBatch, evolution: Evolution) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """The rows that fit as the target, and those that do not as the source has them, with `_rule` and `_reason`."""
    import pyarrow as pa

    columns: list[pa.Array] = []
    failed: dict[int, str] = {}
    for field, place in zip(evolution.target, evolution.places, strict=True):
        if place is None:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column, bad = _fit(batch.column(place), field.type)
        for row in bad:
            failed.setdefault(row, f"{field.name}: the value is no {field.type}")
        columns.append(column)
    good = pa.RecordBatch.from_arrays(columns, schema=evolution.target)
    if not failed:
        return good, None
    return _divide(batch, good, failed)


def _divide(
    batch: pa.RecordBatch, good: pa.RecordBatch, failed: dict[int, str]
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    rows = sorted(failed)
    keep = np.ones(batch.num_rows, dtype=bool)
    keep[rows] = False
    bad = batch.take(pa.array(rows, pa.int64()))
    names = [*bad.schema.names, "_rule", "_reason"]
    reasons = pa.array([failed[row] for row in rows], pa.string())
    marked = pa.RecordBatch.from_arrays([*bad.columns, pa.array([RULE] * len(rows)), reasons], names=names)
    return good.filter(pa.array(keep)), marked


def _fit(column: pa.Array, target: pa.DataType) -> tuple[pa.Array, list[int]]:
    """The column as `target`, null where a value does not fit, and where that is."""
    if column.type.equals(target):
        return column, []
    return _halve(column, target, lambda part: cast(convert(part, delta_type(part.type)), target), 0)


def _halve(
    column: pa.Array, target: pa.DataType, to_target: Callable[[pa.Array], pa.Array], start: int
) -> tuple[pa.Array, list[int]]:
    """Cast whole, and in halves where that fails: the few values that do not fit are found in few steps."""
    import pyarrow as pa

    try:
        return to_target(column), []
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(column) == 1:
            return pa.nulls(1, target), [start]
    middle = len(column) // 2
    left, bad_left = _halve(column.slice(0, middle), target, to_target, start)
    right, bad_right = _halve(column.slice(middle), target, to_target, start + middle)
    return pa.concat_arrays([left, right]), bad_left + bad_right


def require(names: tuple[str, ...], schema: pa.Schema, what: str, where: str) -> tuple[str, ...]:
    """The names as the table writes them; SchemaMismatch if one is missing."""
    known = {name.casefold(): name for name in schema.names}
    if missing := [name for name in names if name.casefold() not in known]:
        raise SchemaMismatch(
            f"{what} {', '.join(missing)} is no column of the source",
            where=where,
            fix=f"there are {', '.join(schema.names)}",
        )
    return tuple(known[name.casefold()] for name in names)
