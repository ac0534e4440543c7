"""Rows of a table for a person: masked, unless policy lets them see personal data in clear text, which is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import LakeError, TableNotFound
from assets.kinds.loading import readable
from assets.kinds.masked import NO_COLUMNS, Columns, known_columns
from assets.kinds.sides import TELLING, as_forms, columns_in
from assets.kinds.spec import NO_PII, Column, Extension, Masked, Table
from resources.production import base_of

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.access import Reader
    from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read: `source` is the table the rows are of, `masked` the columns that do not show what they hold,
    `clear` those that show personal data as it is.
    """

    table: pa.Table
    source: TableId
    masked: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What specs say of tables: their columns, and the masked views of each."""

    columns: Mapping[TableId, Columns]
    views: Mapping[TableId, Sequence[TableId]]


def described(tables: Iterable[Table], extensions: Iterable[Extension]) -> Described:
    """What these specs say, in every environment they live in."""
    own = list(tables)
    views: dict[TableId, list[TableId]] = {}
    for table in own:
        for environment in table.environments if table.masked else ():
            base = TableId(environment, *str(table.masked and table.masked.source).split("/", 1))
            views.setdefault(base, []).append(TableId(environment, table.layer, table.name))
    return Described(known_columns([*own, *extensions]), views)


def specs_of(folder: Path) -> Described:
    """What the specs of a folder say."""
    products = [document.product for document in readable(folder)]
    return described(
        (table for product in products for table in product.tables),
        (extension for product in products for extension in product.extensions),
    )


def read_rows(
    platform: Platform,
    table: TableId,
    reader: Reader,
    specs: Described,
    *,
    columns: Sequence[str] = (),
    limit: int = 20,
    raw: bool = False,
) -> Rows:
    """At most `limit` rows. Without `raw` they are those of the table's masked view, or are masked on their way.

    With it, columns that hold personal data, or of which nobody knows, are shown only where policy lets `reader` see
    them; then the reading is in the ledger before anybody has the rows. Raises ApprovalRequired, Denied, TableNotFound.
    """
    snapshot = platform.lake.snapshot(table)
    if snapshot is None:
        raise TableNotFound(f"{table} has no data yet", where=str(table), fix="materialize it first, or mend its name")
    if table.layer == "masked":
        return Rows(_head(platform, table, _wanted(snapshot.schema.names, columns, table), limit), table)
    if not raw and (view := _view(platform, table, specs)):
        names = platform.lake.schema(view).names
        return Rows(_head(platform, view, _wanted(names, columns, view), limit), view)
    wanted = _wanted(snapshot.schema.names, columns, table)
    if (base := base_of(table)) and set(TELLING) & set(wanted):
        return _beside(platform, table, base, reader, specs, _head(platform, table, wanted, limit), raw)
    from assets.kinds.masking.view import masked_rows, planned

    asked = (platform, table, Masked(table.asset), specs.columns.get(table, NO_COLUMNS), str(table), wanted)
    if not raw:
        made = masked_rows(*asked)
        return Rows(_first(made.rows, limit), table, made.plan.hidden)
    base, plan = planned(*asked)
    if not plan.hidden:
        return Rows(_head(platform, table, wanted, limit, base.version), table)
    why = platform.access.permission(reader, table, plan.hidden)
    rows = _head(platform, table, wanted, limit, base.version)
    platform.access.record(
        reader.name,
        table,
        plan.hidden,
        rows.num_rows,
        why=", ".join(why.rules),
        version=base.version,
        request=why.request,
        proven=reader.proven,
    )
    return Rows(rows, table, clear=plan.hidden)


def _beside(
    platform: Platform, table: TableId, base: TableId, reader: Reader, specs: Described, rows: pa.Table, raw: bool
) -> Rows:
    """Rows of a quarantine or log: their forms, or in clear text for who may read their table so."""
    if not raw:
        return Rows(as_forms(rows), table, tuple(name for name in rows.column_names if name in TELLING))
    if not (personal := _personal_in(platform, base, specs, columns_in(rows))):
        return Rows(rows, table)
    why = platform.access.permission(reader, base, personal)
    rules, request, proven = ", ".join(why.rules), why.request, reader.proven
    platform.access.record(reader.name, table, personal, rows.num_rows, why=rules, request=request, proven=proven)
    return Rows(rows, table, clear=personal)


def _personal_in(platform: Platform, base: TableId, specs: Described, there: set[str]) -> tuple[str, ...]:
    """The columns that hold personal data in a table's rows, or of which nobody knows: it need not have them yet."""
    from assets.kinds.masking.view import planned

    known = specs.columns.get(base, NO_COLUMNS)
    unsaid = {name for name in there if known.get(name, Column()).pii != NO_PII}
    if not platform.lake.exists(base):
        return tuple(sorted(unsaid))
    plan = planned(platform, base, Masked(base.asset), known, str(base))[1]
    return tuple(sorted({*plan.hidden, *(unsaid - {shown.name for shown in plan.columns})}))


def _view(platform: Platform, table: TableId, specs: Described) -> TableId | None:
    """The masked view of a table: the one of its name first, and only one that has been made."""
    found = sorted(specs.views.get(table, ()), key=lambda view: (view.name != table.name, view.name))
    return next((view for view in found if platform.lake.exists(view)), None)


def _wanted(names: Sequence[str], columns: Sequence[str], table: TableId) -> list[str]:
    if missing := [name for name in columns if name not in names]:
        raise LakeError(f"no column {', '.join(missing)}", where=str(table), fix=f"there are {', '.join(names)}")
    return [name for name in names if name in columns] if columns else list(names)


def _head(
    platform: Platform, table: TableId, columns: Sequence[str], limit: int, version: int | None = None
) -> pa.Table:
    return platform.lake.dataset(table, version=version).head(limit, columns=list(columns))


def _first(rows: pa.RecordBatchReader, limit: int) -> pa.Table:
    import pyarrow as pa

    kept: list[pa.RecordBatch] = []
    for batch in rows:
        kept.append(batch.slice(0, limit - sum(map(len, kept))))
        if sum(map(len, kept)) >= limit:
            break
    return pa.Table.from_batches(kept, rows.schema)
