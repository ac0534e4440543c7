"""How old rows are: the column that says it, and the rows that are older than a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agents.core.catalog import SourceTable
from agents.core.errors import SpecError
from agents.core.watermark import age_column
from assets.kinds.spec_retention import Retention

if TYPE_CHECKING:
    import pyarrow as pa


def rule_of(entry: Mapping[str, Any], asset: str) -> Retention:
    """The retention that an entry of `defs.yaml` declares. Raises SpecError where it declares none."""
    from pydantic import TypeAdapter

    if not entry.get("retention"):
        raise SpecError("no retention is declared", where=asset, fix="retention: {column: created_at, keep_days: 365}")
    return TypeAdapter(Retention).validate_python(entry["retention"])


def cutoff(rule: Retention, today: date | None = None) -> str:
    """The day, in UTC, before which rows have been kept long enough."""
    return ((today or datetime.now(UTC).date()) - timedelta(days=rule.keep_days)).isoformat()


def age_column_of(schema: pa.Schema, asset: str, watermark: str = "") -> str:
    """The column that says when a row was made, else when it changed. Raises SpecError where that is not clear."""
    kinds = {field.name: str(field.type).partition("[")[0] for field in schema if not field.name.startswith("_")}
    if found := age_column(SourceTable(asset.partition("/")[2], kinds)):
        return found
    dated = [name for name in kinds if temporal(schema.field(name).type)]
    if watermark in dated:
        return watermark
    if len(dated) == 1:
        return dated[0]
    known = ", ".join(dated or kinds)
    raise SpecError(
        "which column says how old a row is?", where=asset, fix=f"write retention: {{column: ...}}; it has {known}"
    )


def require_age(schema: pa.Schema, column: str, asset: str) -> None:
    """SpecError unless the column can say how old a row is: a date, a time, or text that holds one."""
    import pyarrow.types as pat

    if column not in schema.names:
        raise SpecError(f"no column {column!r}", where=f"{asset}: retention", fix=f"it has {', '.join(schema.names)}")
    kind = schema.field(column).type
    if not (temporal(kind) or pat.is_string(kind) or pat.is_large_string(kind)):
        what = f"{column!r} is {kind}, which says no age"
        raise SpecError(what, where=f"{asset}: retention", fix="name a date column")


def older(column: str, before: str) -> str:
    """The rows of a table that are older, in DuckDB's SQL."""
    return _older('"' + column.replace('"', '""') + '"', before)


def older_in_quarantine(column: str, before: str) -> str:
    """The same of rows that lie in quarantine, as JSON."""
    return _older(_cell("row", column), before)


def older_in_log(column: str, before: str) -> str:
    """The same of rows that lie in the log: before a repair or after it, whichever makes them older."""
    return " OR ".join(f"coalesce({_older(_cell(line, column), before)}, false)" for line in ("row", "after"))


def undated(column: str) -> str:
    """The rows that say no age: they stay."""
    name = '"' + column.replace('"', '""') + '"'
    return f"TRY_CAST({name} AS TIMESTAMP) IS NULL"


def _cell(line: str, column: str) -> str:
    pointer = column.replace("~", "~0").replace("/", "~1").replace("'", "''")
    return f"json_extract_string(\"{line}\", '/{pointer}')"


def _older(expression: str, before: str) -> str:
    return f"TRY_CAST({expression} AS TIMESTAMP) < TIMESTAMP '{date.fromisoformat(before).isoformat()} 00:00:00'"


def temporal(kind: pa.DataType) -> bool:
    """Whether the type holds a date, with or without a time."""
    import pyarrow.types as pat

    return pat.is_date(kind) or pat.is_timestamp(kind)
