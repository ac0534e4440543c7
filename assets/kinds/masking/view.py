"""The rows of a masked view: its base's, batch by batch, each column through its mask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from assets.kinds.masking.methods import masker
from assets.kinds.masking.nested import Leaf
from assets.kinds.masking.plan import MaskPlan, mask_plan, undecided
from assets.kinds.sides import told_of
from assets.kinds.spec import Column, Masked

if TYPE_CHECKING:
    import pyarrow.dataset as pads

    from resources.lake_log import Snapshot
    from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class MaskedRows:
    """Rows to write or to show, and how they came about."""

    rows: pa.RecordBatchReader
    plan: MaskPlan
    digest: str
    keys: Mapping[str, int]


def masked_rows(
    platform: Platform,
    base: TableId,
    view: Masked,
    known: Mapping[str, Column],
    where: str,
    only: Sequence[str] | None = None,
) -> MaskedRows:
    """The rows of `base` as `view` shows them, in bounded memory; `known` is what specs say of the base's columns.

    `only` are the columns wanted. Raises TableNotFound, ConfigError (no key) and SpecError before the first row.
    """
    snapshot, plan = planned(platform, base, view, known, where, only)
    keys, schema = platform.masking_keys, snapshot.schema
    scan = platform.personal.spans if platform.personal is not None else None
    masks = {shown.name: masker(shown.mask, keys, scan) for shown in plan.columns}
    # Read before the first row: a mask that cannot work says so while nothing is written.
    made = pa.schema([pa.field(name, mask(pa.nulls(0, schema.field(name).type)).type) for name, mask in masks.items()])
    batches = _masked(platform.lake.read(base, columns=list(masks), version=snapshot.version), masks, made)
    return MaskedRows(pa.RecordBatchReader.from_batches(made, batches), plan, plan.digest(keys), plan.keys(keys))


def planned(
    platform: Platform,
    base: TableId,
    view: Masked,
    known: Mapping[str, Column],
    where: str,
    only: Sequence[str] | None = None,
) -> tuple[Snapshot, MaskPlan]:
    """The base as it stands, and how each of its columns is to be masked.

    Columns nobody described are looked at by the scanner, in the whole table; without one they are hidden.
    """
    snapshot = platform.lake.snapshot(base)
    if snapshot is None:
        raise TableNotFound(f"{base} has no data yet", where=where, fix="materialize it first")
    schema = snapshot.schema
    if only is not None:
        schema = pa.schema([schema.field(name) for name in schema.names if name in only])
    scanner = platform.personal
    known = told_of(base, known)
    asked = undecided(view, known, schema)
    found = scanner.columns(_only(snapshot, asked)) if asked and scanner is not None else None
    return snapshot, mask_plan(view, known, schema, found, where)


def _masked(
    batches: Iterable[pa.RecordBatch], masks: Mapping[str, Leaf], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [mask(batch.column(name)) for name, mask in masks.items()]
        fitted = [c if c.type == field.type else c.cast(field.type) for c, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(fitted, schema=schema)


def _only(base: Snapshot, columns: Sequence[str]) -> pads.Dataset:
    return base.dataset().replace_schema(pa.schema([base.schema.field(name) for name in columns]))
