"""IO manager over the lake for assets people write in Python: key `[environment, layer, table]` is the Delta table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.errors import ConfigError
from assets.kinds import keys
from assets.kinds.masked import personal_columns
from assets.kinds.spec import NO_OVERRIDE, Extension, Table
from assets.kinds.tables import DIGEST
from assets.kinds.validation import ExtensionEntry
from resources.production import base_of

if TYPE_CHECKING:
    from resources.platform import Platform


class LakeIOManager(dg.IOManager):
    """Writes what an asset returns, as its table's new version; reads it back as the type the reader asks for.

    `extensions` are what YAML adds to a table: rows that break one of its quarantining rules go to its quarantine.
    `personal` are the columns of each table that hold personal data: that an asset reads them is recorded.
    """

    def __init__(
        self,
        platform: "Platform",
        extensions: Mapping[TableId, Sequence[Extension]] | None = None,
        personal: Mapping[TableId, Sequence[str]] | None = None,
    ) -> None:
        self._platform, self._lake = platform, platform.lake
        self._extensions, self._personal = extensions or {}, personal or {}

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Replace the table. Takes Arrow tables, batches and readers, polars and pandas frames, DuckDB relations."""
        if obj is None:
            return
        from assets.kinds.away import away_of
        from assets.kinds.lake_writing import replace_table
        from assets.kinds.quarantine_page import held_events, link
        from assets.kinds.running import told

        table, rows = _table(context.asset_key), to_reader(obj, str(_table(context.asset_key)))
        made_as = str(context.asset_spec.metadata.get(DIGEST, ""))
        with told(table):
            extensions = self._extensions.get(table, ())
            rule = next((each.retention for each in extensions if each.retention), None)
            away = away_of(self._platform, table.environment, rule, datetime.now(UTC))
            written = replace_table(self._lake, table, rows, extensions, context.run_id, made_as, away)
            policy = context.asset_spec.freshness_policy
            card = self._card(table, written, context.run_id, policy)
            context.add_output_metadata({**written, **link(self._lake, table), **card})
            for event in held_events(self._lake, table):
                context.log_event(event)

    def _card(
        self, table: TableId, written: Mapping[str, Any], run_id: str, policy: dg.FreshnessPolicy | None
    ) -> Mapping[str, Any]:
        from assets.kinds.judging import judge
        from assets.kinds.pins import joined
        from assets.kinds.report_card import card

        now, override = datetime.now(UTC), NO_OVERRIDE
        hours, schedule = _promised(policy)
        extensions = self._extensions.get(table, ())
        for extension in extensions:
            override, hours = joined(override, extension.override), extension.freshness_hours or hours
        rules = [rule for extension in extensions for rule in extension.rules]
        columns = {name: column for each in extensions for name, column in each.columns.items()}
        results = judge(self._lake, table, rules, str(table), now, columns)
        promised = next((each.contract for each in extensions if each.contract), None)
        return card(
            self._platform,
            table,
            results,
            written,
            run_id,
            now,
            override=override,
            freshness_hours=hours,
            schedule=schedule,
            contract=promised,
        )

    def load_input(self, context: dg.InputContext) -> object:
        """The table as Arrow, or as the input's annotation says: polars, pandas, a reader or a DuckDB relation."""
        table = _table(context.asset_key)
        base, names = base_of(table), set(self._lake.schema(table).names)
        columns = [name for name in self._personal.get(base or table, ()) if base or name in names]
        if columns:
            reader, run = _reading(context)
            self._platform.access.record(reader, table, columns, self._lake.rows(table), why="asset input", run_id=run)
        return _reader_of(context.dagster_type.typing_type)(self._lake.dataset(table))


def _promised(policy: dg.FreshnessPolicy | None) -> tuple[float | None, str | None]:
    """How old, in hours, an asset may become by its own freshness policy, or when (cron) it has to be new again."""
    window, cron = getattr(policy, "fail_window", None), getattr(policy, "deadline_cron", None)
    return (window.to_timedelta().total_seconds() / 3600 if window else None), cron


def lake_io(entries: Sequence[ExtensionEntry] = (), tables: Iterable[Table] = ()) -> dg.IOManagerDefinition:
    """The IO manager over this deployment's lake, with what extensions add to tables and what tables' columns hold."""
    personal = personal_columns([*tables, *(entry.extension for entry in entries)])
    added: dict[TableId, list[Extension]] = {}
    for entry in entries:
        layer, _, name = entry.extension.asset.partition("/")
        for environment in entry.extension.environments:
            added.setdefault(TableId(environment, layer, name), []).append(entry.extension)

    @dg.io_manager(config_schema={}, required_resource_keys={"platform"})
    def manager(context: dg.InitResourceContext) -> LakeIOManager:
        return LakeIOManager(context.resources.platform, added, personal)

    return manager


def _reading(context: dg.InputContext) -> tuple[str, str]:
    """Which step reads, in which run; outside of runs there is neither."""
    try:
        step = context.step_context
    except dg.DagsterInvariantViolationError:
        return "nobody", ""
    return f"step:{step.step.key}", step.run_id


def _table(key: dg.AssetKey) -> TableId:
    table = keys.table_id(key)
    if table is None:
        raise ConfigError(
            f"{key.to_user_string()} is not a lake table",
            where="lake_io",
            fix="give the asset a key [environment, layer, table], e.g. key=['dev', 'gold', 'revenue']",
        )
    return table


def to_reader(obj: object, where: str) -> Any:
    """What a person's asset returned, as a stream of Arrow batches; nothing is copied where Arrow allows."""
    import pyarrow as pa

    value: Any = obj
    if isinstance(value, pa.RecordBatchReader):
        return value
    kind = f"{type(obj).__module__.split('.')[0]}.{type(obj).__name__}"
    if kind == "polars.LazyFrame":
        value = value.collect(engine="streaming")
    if kind == "pandas.DataFrame":
        return pa.Table.from_pandas(value, preserve_index=False).to_reader()
    if hasattr(value, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(value)
    raise ConfigError(
        f"cannot write a {kind}", where=where, fix="return an Arrow table or reader, or a polars or pandas frame"
    )


def _reader_of(wanted: object) -> Callable[[Any], object]:
    """How to give a dataset as the type `wanted`."""
    name = f"{getattr(wanted, '__module__', '').split('.')[0]}.{getattr(wanted, '__name__', '')}"
    return _READERS.get(name, _arrow)


def _arrow(dataset: Any) -> object:
    return dataset.to_table()


def _polars(dataset: Any) -> object:
    import polars as pl

    return pl.from_arrow(dataset.to_table())


def _lazy(dataset: Any) -> object:
    import polars as pl

    return pl.scan_pyarrow_dataset(dataset)


def _duckdb(dataset: Any) -> object:
    import duckdb

    return duckdb.from_arrow(dataset)


_READERS: dict[str, Callable[[Any], object]] = {
    "polars.DataFrame": _polars,
    "polars.LazyFrame": _lazy,
    "pandas.DataFrame": lambda dataset: dataset.to_table().to_pandas(),
    "pyarrow.RecordBatchReader": lambda dataset: dataset.scanner().to_reader(),
    "duckdb.DuckDBPyRelation": _duckdb,
    "_duckdb.DuckDBPyRelation": _duckdb,
}
