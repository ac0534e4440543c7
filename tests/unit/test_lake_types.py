"""Every Arrow type either keeps its values in the lake or becomes text; nothing is cut in silence."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import SchemaMismatch
from assets.kinds.landing import land
from assets.kinds.spec import Source, Table
from resources.lake import Lake
from resources.sources.stream import BatchStream

T = TableId("dev", "bronze", "odd")
DAY = dt.datetime(2025, 1, 2, 3, 4, 5, 678901)
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
WIDE = Decimal("12345678901234567890123456789012345678901234567890.5")

CASES: dict[str, tuple[pa.Array, list[Any]]] = {
    "uint8": (pa.array([255, None], pa.uint8()), [255, None]),
    "uint16": (pa.array([65535], pa.uint16()), [65535]),
    "uint32": (pa.array([2**32 - 1], pa.uint32()), [2**32 - 1]),
    "uint64": (pa.array([2**64 - 1], pa.uint64()), [Decimal(2**64 - 1)]),
    "float16": (pa.array(np.array([1.5], dtype="float16")), [1.5]),
    "naive": (pa.array([DAY, LAST, None], pa.timestamp("us")), [DAY, LAST, None]),
    "seconds": (pa.array([DAY.replace(microsecond=0)], pa.timestamp("s")), [DAY.replace(microsecond=0)]),
    "nanoseconds": (
        pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
        [dt.datetime(2023, 11, 14, 22, 13, 20, 123456)],
    ),
    "zone": (
        pa.array([DAY.replace(tzinfo=dt.UTC)], pa.timestamp("us", "Europe/Berlin")),
        [DAY.replace(tzinfo=dt.UTC)],
    ),
    "date64": (pa.array([dt.date(2025, 1, 2)], pa.date64()), [dt.date(2025, 1, 2)]),
    "old date": (pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)]), [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    "time": (pa.array([dt.time(23, 59, 59, 5)], pa.time64("us")), ["23:59:59.000005"]),
    "duration": (pa.array([dt.timedelta(seconds=1.5)], pa.duration("ms")), [1_500_000]),
    "interval": (pa.array([pa.MonthDayNano([1, 2, 3])]), ["MonthDayNano(months=1, days=2, nanoseconds=3)"]),
    "nulls": (pa.nulls(2), [None, None]),
    "dictionary": (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
    "runs": (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", "b"])), ["a", "a", "b"]),
    "binary": (pa.array([b"\x00\xff", None]), [b"\x00\xff", None]),
    "fixed binary": (pa.array([b"abcd"], pa.binary(4)), [b"abcd"]),
    "large text": (pa.array(["ü"], pa.large_string()), ["ü"]),
    "text view": (pa.array(["text that does not fit", None], pa.string_view()), ["text that does not fit", None]),
    "uuid": (pa.array([uuid.UUID(int=7).bytes], pa.uuid()), [str(uuid.UUID(int=7))]),
    "floats": (pa.array([math.inf, -math.inf, -0.0, 1e-310]), [math.inf, -math.inf, -0.0, 1e-310]),
    "decimal": (pa.array([Decimal("-1.10")], pa.decimal128(38, 2)), [Decimal("-1.10")]),
    "decimal over 38 digits": (pa.array([WIDE], pa.decimal256(60, 2)), [f"{WIDE}0"]),
    "hundreds": (pa.array([Decimal("12E2")], pa.decimal128(4, -2)), [Decimal("1200")]),
    "list": (pa.array([[1, None], None, []], pa.list_(pa.uint8())), [[1, None], None, []]),
    "large list of structs": (
        pa.array([[{"a": 1, "b": "x"}]], pa.large_list(pa.struct([("a", pa.uint16()), ("b", pa.large_string())]))),
        [[{"a": 1, "b": "x"}]],
    ),
    "struct": (
        pa.array([{"t": dt.time(1), "n": None}, None], pa.struct([("t", pa.time32("s")), ("n", pa.int8())])),
        [{"t": "01:00:00", "n": None}, None],
    ),
    "map": (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())), [[("k", 1)], None]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_of_every_type_come_back(tmp_path: Path, name: str) -> None:
    column, expected = CASES[name]
    table = pa.Table.from_arrays([pa.array(range(len(column))), column], names=["id", "odd"])

    def read(since: str | None) -> BatchStream:
        rows = table if since is None else table.slice(int(since))
        return BatchStream(rows.schema, iter(rows.to_batches(max_chunksize=2)))

    lake = Lake({"dev": str(tmp_path)})
    spec = Table("odd", "bronze", source=Source("c", "t", "incremental", "id"), key=("id",))
    for _ in range(2):
        land(lake, read, spec, "dev", run_id="r", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        found = lake.read(T).read_all().sort_by("id").column("odd").to_pylist()
        assert found == expected


def test_not_a_number_stays_not_a_number(tmp_path: Path) -> None:
    lake = Lake({"dev": str(tmp_path)})
    lake.append(T, pa.table({"v": [math.nan, 1.0, None]}))
    values = lake.read(T).read_all().column("v").to_pylist()
    assert [value is not None and math.isnan(value) for value in values] == [True, False, False]
    assert values[2] is None


def test_bounds_in_the_log_leave_no_row_out_of_a_filtered_read(tmp_path: Path) -> None:
    import pyarrow.dataset as pads

    lake = Lake({"dev": str(tmp_path)})
    long = "z" * 200
    lake.append(
        T, pa.table({"at": [DAY, LAST], "text": ["", long], "n": [Decimal("0.1"), Decimal("99999999999999999.9")]})
    )
    dataset = lake.dataset(T)
    assert dataset.count_rows(filter=pads.field("at") >= pa.scalar(DAY, pa.timestamp("us"))) == 2
    assert dataset.count_rows(filter=pads.field("at") >= pa.scalar(LAST, pa.timestamp("us"))) == 1
    assert dataset.count_rows(filter=pads.field("text") == long) == 1


def test_a_column_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="no name"):
        Lake({"dev": str(tmp_path)}).append(T, pa.Table.from_arrays([pa.array([1])], names=[""]))


def test_a_table_that_another_writer_made_is_read_changed_and_merged(tmp_path: Path) -> None:
    import pyarrow.dataset as pads
    from deltalake import write_deltalake

    lake = Lake({"dev": str(tmp_path)})
    place = ["a b", "ü/%=", None, "100%25"]
    data = pa.table({"id": [1, 2, 3, 4], "yes": [True, None, True, False], "text": ["x" * 300] * 4, "place": place})
    write_deltalake(lake.uri(T), data, partition_by=["place"])
    dataset = lake.dataset(T)
    assert dataset.count_rows(filter=pads.field("yes")) == 2
    assert dataset.count_rows(filter=pads.field("text") == "x" * 300) == 4
    assert dataset.count_rows(filter=pads.field("place") == "ü/%=") == 1
    lake.merge(
        T, pa.table({"id": [2, 4], "yes": [True, True], "text": ["y", "y"], "place": ["ü/%=", "new"]}), on=["id"]
    )
    lake.delete(T, "id = 1")
    found = lake.read(T).read_all().sort_by("id").select(["id", "yes", "place"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [(2, True, "ü/%="), (3, True, None), (4, True, "new")]
    assert lake.rows(T) == 3
