"""Landing: what a person finds in the table and in quarantine after a load, and after the next one."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import SchemaMismatch, SpecError, Unreachable
from assets.kinds.landing import Landed, land
from assets.kinds.quarantine import quarantine_id, quarantined, sweep
from assets.kinds.spec import Source, Table
from resources.lake import Lake
from resources.sources.stream import BatchStream
from tests.integration.ingest_worker import reader, split

T = TableId("dev", "bronze", "orders")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SPEC = Table("orders", "bronze", source=Source("shop", "sales.orders", "incremental", "at"), key=("id",))
PLAIN = replace(SPEC, key=())
FULL = replace(SPEC, source=Source("shop", "sales.orders"))
SCHEMA = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("v", pa.string())])
Row = dict[str, object]


def day(number: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2025, 1, number, hour, tzinfo=dt.UTC)


def row(key: int | None, number: int, v: str = "v") -> Row:
    return {"id": key, "at": day(number), "v": v}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake({"dev": str(tmp_path / "lake")})


def load(lake: Lake, rows: list[Row], spec: Table = SPEC, schema: pa.Schema = SCHEMA, **kwargs: object) -> Landed:
    """One load; what it says of itself adds up."""
    done = land(lake, reader(rows, schema, 3), spec, "dev", run_id="run-1", now=NOW, **kwargs)  # type: ignore[arg-type]
    assert done.rows_landed + done.rows_quarantined == done.rows_read
    return done


def found(lake: Lake, *columns: str, table: TableId = T) -> list[tuple[object, ...]]:
    rows = lake.read(table, columns=list(columns)).read_all().to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=repr)


def bad(lake: Lake) -> list[tuple[object, ...]]:
    return found(lake, "_rule", "row", table=quarantine_id(T))


def test_a_first_load_takes_all_rows_and_says_where_and_when_from(lake: Lake) -> None:
    done = load(lake, [row(1, 1), row(2, 2)])
    assert (done.rows_read, done.rows_landed, done.version, done.watermark_before) == (2, 2, 0, None)
    assert done.watermark_after == "2025-01-02T00:00:00.000000+00:00"
    assert found(lake, "id", "_ingested_at", "_source") == [(n, NOW, "shop/sales.orders") for n in (1, 2)]
    assert lake.marks(T)["watermark"] == done.watermark_after
    assert lake.marks(T)["run_id"] == "run-1"
    assert quarantined(lake, T) == 0


def test_the_next_load_reads_from_the_watermark_on_and_updates_by_key(lake: Lake) -> None:
    load(lake, [row(1, 1), row(2, 2)])
    done = load(lake, [row(1, 1), row(2, 2), row(1, 3, "new"), row(3, 3)])
    assert (done.rows_read, done.rows_updated, done.watermark_before) == (3, 1, "2025-01-02T00:00:00.000000+00:00")
    assert found(lake, "id", "v") == [(1, "new"), (2, "v"), (3, "v")]


def test_the_same_load_again_changes_nothing(lake: Lake) -> None:
    rows = [row(1, 1), row(2, 2), row(2, 2), row(None, 2), row(3, 2, "bad")]
    for spec in (SPEC, FULL):
        load(lake, rows, spec, split=split)
        before, kept = found(lake, "id", "v"), bad(lake)
        done = load(lake, rows, spec, split=split)
        assert found(lake, "id", "v") == before == [(1, "v"), (2, "v")]
        assert bad(lake) == kept
        assert done.rows_updated == 0
    assert quarantined(lake, T) == 3


@pytest.mark.parametrize("order", [1, -1])
def test_of_rows_that_share_a_key_the_latest_lands_and_duplicates_are_kept_aside(lake: Lake, order: int) -> None:
    rows = [row(1, 1, "old"), row(1, 2, "new"), row(2, 1, "a"), row(2, 1, "b"), row(3, 1), row(3, 1), row(3, 1)]
    done = load(lake, rows[::order])
    landed = found(lake, "id", "v")
    assert [key for key, _ in landed] == [1, 2, 3]
    assert landed[0] == (1, "new")
    assert (done.rows_quarantined, done.rows_updated) == (3, 1)
    assert [rule for rule, _ in bad(lake)] == ["duplicate_key"] * 3
    texts = {json.loads(str(text))["v"] for _, text in bad(lake)} | {v for _, v in landed}
    assert texts == {"new", "a", "b", "v"}


def test_which_duplicate_lands_does_not_depend_on_the_order_of_the_source(tmp_path: Path) -> None:
    rows = [row(1, 1, text) for text in "abcde"]
    landed = set[str]()
    for number, order in enumerate((1, -1)):
        lake = Lake({"dev": str(tmp_path / str(number))})
        load(lake, rows[::order])
        landed.add(str(found(lake, "v")))
    assert len(landed) == 1


def test_without_a_key_rows_at_the_boundary_are_neither_lost_nor_doubled(lake: Lake) -> None:
    rows = [row(1, 1), row(1, 1), row(2, 2, "first")]
    load(lake, rows, PLAIN)
    rows += [row(3, 2, "same moment"), row(2, 2, "first")]
    for _ in range(2):
        load(lake, rows, PLAIN)
        assert found(lake, "id", "v") == [(1, "v"), (1, "v"), (2, "first"), (2, "first"), (3, "same moment")]


def test_a_row_dated_in_the_future_does_not_hide_later_changes(lake: Lake) -> None:
    ahead: Row = {"id": 9, "at": dt.datetime(9999, 1, 1, tzinfo=dt.UTC), "v": "ahead"}
    done = load(lake, [row(1, 1), ahead])
    assert done.watermark_after == "2025-01-01T00:00:00.000000+00:00"
    assert any("after now" in text for text in done.warnings)
    load(lake, [row(1, 1), ahead, row(2, 5)])
    assert [key for (key,) in found(lake, "id")] == [1, 2, 9]


def test_a_column_that_appears_is_taken_and_one_that_goes_becomes_null(lake: Lake) -> None:
    load(lake, [row(1, 1)])
    wider = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("extra", pa.float64())])
    done = load(lake, [{"id": 2, "at": day(2), "extra": 1.5}], schema=wider)
    assert {(change.kind, change.column) for change in done.schema_changes} == {("added", "extra"), ("removed", "v")}
    assert any("no longer has column 'v'" in text for text in done.warnings)
    assert found(lake, "id", "v", "extra") == [(1, "v", None), (2, None, 1.5)]


@pytest.mark.parametrize(
    ("narrow", "wide", "old", "new"),
    [
        (pa.int32(), pa.int64(), 1, 2**40),
        (pa.float32(), pa.float64(), 1.5, 1e300),
        (pa.date32(), pa.timestamp("us"), dt.date(2025, 1, 1), dt.datetime(2025, 1, 2, 3)),
        (pa.decimal128(5, 2), pa.decimal128(12, 4), "1.25", "12345678.1234"),
        (pa.int64(), pa.decimal128(22, 2), 7, "12345678901234567890.25"),
    ],
)
def test_a_type_that_becomes_wider_is_taken(
    lake: Lake, narrow: pa.DataType, wide: pa.DataType, old: object, new: object
) -> None:
    from decimal import Decimal

    old, new = (Decimal(value) if isinstance(value, str) else value for value in (old, new))
    load(lake, [{"id": 1, "at": day(1), "v": old}], schema=SCHEMA.set(2, pa.field("v", narrow)))
    done = load(lake, [{"id": 2, "at": day(2), "v": new}], schema=SCHEMA.set(2, pa.field("v", wide)))
    assert [change.kind for change in done.schema_changes] == ["widened"]
    assert lake.schema(T).field("v").type == wide
    values = found(lake, "v")
    assert sorted(map(str, values)) == sorted(map(str, [(pa.scalar(old, narrow).cast(wide).as_py(),), (new,)]))


def test_rows_whose_value_does_not_fit_the_column_go_to_quarantine(lake: Lake) -> None:
    load(lake, [row(1, 1)])
    text = SCHEMA.set(0, pa.field("id", pa.string()))
    rows: list[Row] = [{"id": key, "at": day(2), "v": "v"} for key in ("2", "x", "3", "", "4.5")]
    done = load(lake, rows, schema=text)
    assert [change.kind for change in done.schema_changes] == ["incompatible"]
    assert [key for (key,) in found(lake, "id")] == [1, 2, 3]
    assert (done.rows_landed, done.rows_quarantined) == (2, 3)
    assert {json.loads(str(line))["id"] for _, line in bad(lake)} == {"x", "", "4.5"}
    assert {rule for rule, _ in bad(lake)} == {"schema"}


def test_a_name_that_changes_its_case_is_the_same_column(lake: Lake) -> None:
    load(lake, [row(1, 1)])
    upper = pa.schema(
        [pa.field(field.name if field.name == "at" else field.name.upper(), field.type) for field in SCHEMA]
    )
    done = load(lake, [{"ID": 1, "at": day(2), "V": "new"}], schema=upper)
    assert {change.kind for change in done.schema_changes} == {"renamed"}
    assert found(lake, "id", "v") == [(1, "new")]


def test_names_of_the_platform_and_odd_names_land(lake: Lake) -> None:
    names = ["id", "at", "_ingested_at", "two words", 'quo"te', "ümlaut", "a,b;c{}()=\t\n", "'x'"]
    schema = pa.schema([SCHEMA.field(0), SCHEMA.field(1), *(pa.field(name, pa.string()) for name in names[2:])])
    rows: list[Row] = [{"id": 1, "at": day(n), **dict.fromkeys(names[2:], str(n))} for n in (1, 2)]
    load(lake, rows[:1], schema=schema)
    done = load(lake, rows, schema=schema)
    assert any("source__ingested_at" in text for text in done.warnings)
    assert found(lake, *names[3:], "source__ingested_at") == [tuple("2" * 6)]


def test_a_source_of_no_rows_makes_the_table(lake: Lake) -> None:
    done = load(lake, [])
    assert (done.rows_read, done.watermark_after, lake.rows(T)) == (0, None, 0)
    assert lake.schema(T).names == ["id", "at", "v", "_ingested_at", "_source"]
    load(lake, [row(1, 1)])
    done = load(lake, [])
    assert (lake.rows(T), done.watermark_after) == (1, "2025-01-01T00:00:00.000000+00:00")


def test_another_watermark_column_or_source_reads_everything_again(lake: Lake) -> None:
    load(lake, [row(1, 1), row(2, 2)])
    other = replace(SPEC, source=Source("shop", "sales.orders2", "incremental", "at"))
    done = load(lake, [row(5, 1)], other)
    assert done.watermark_before is None
    assert found(lake, "id") == [(5,)]


def test_a_source_that_fails_half_way_leaves_the_lake_as_it_was(lake: Lake, tmp_path: Path) -> None:
    load(lake, [row(1, 1)])
    before = sorted(tmp_path.rglob("*"))

    def broken(since: str | None) -> BatchStream:
        def batches():
            yield pa.RecordBatch.from_pylist([row(2, 2)], schema=SCHEMA)
            raise Unreachable("gone", where="shop")

        return BatchStream(SCHEMA, batches())

    with pytest.raises(Unreachable):
        land(lake, broken, SPEC, "dev", run_id="run-2", split=split, now=NOW)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("spec", "error", "text"),
    [
        (replace(SPEC, key=("nope",)), SchemaMismatch, "key nope"),
        (replace(SPEC, source=Source("shop", "x", "incremental", "nope")), SchemaMismatch, "watermark nope"),
        (replace(SPEC, source=Source("shop", "x", "incremental")), SpecError, "needs a watermark"),
        (replace(SPEC, source=None), SpecError, "no source"),
    ],
)
def test_a_spec_that_does_not_fit_the_source_is_refused(
    lake: Lake, tmp_path: Path, spec: Table, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        load(lake, [row(1, 1)], spec)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_sweep_moves_rows_that_break_a_new_rule_once(lake: Lake) -> None:
    load(lake, [row(1, 1), row(2, 2, "bad"), row(3, 3, "bad")])
    marks = lake.marks(T)
    swept = sweep(lake, T, split, "run-2", NOW)
    assert (swept.rows_checked, swept.rows_quarantined) == (3, 2)
    assert found(lake, "id") == [(1,)]
    assert lake.marks(T) == {**marks, "run_id": "run-2", "moves": "1"}
    assert sweep(lake, T, split, "run-3", NOW).rows_quarantined == 0
    load(lake, [row(1, 1), row(2, 2, "bad"), row(3, 3, "bad")], split=split)
    assert quarantined(lake, T) == 2
    assert found(lake, "id") == [(1,)]


def test_tables_of_one_name_in_two_layers_have_quarantines_of_their_own(lake: Lake) -> None:
    load(lake, [row(1, 1, "bad")], split=split)
    load(lake, [row(2, 1, "bad"), row(3, 1, "bad")], replace(SPEC, layer="silver"), split=split)
    assert quarantined(lake, T) == 1
    assert quarantined(lake, TableId("dev", "silver", "orders")) == 2
