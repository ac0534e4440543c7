"""The lake: what is written is what is read, in one commit, with its marks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, Denied, LakeError, SchemaMismatch, TableNotFound, WriteConflict
from resources.lake import Lake

T = TableId("dev", "silver", "orders")
Row = dict[str, object]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake({"dev": str(tmp_path / "dev"), "prod": str(tmp_path / "prod")})


def rows(lake: Lake, table: TableId = T, **kwargs: object) -> list[Row]:
    """The table's rows, by their first column."""
    found = lake.read(table, **kwargs).read_all().to_pylist()  # type: ignore[arg-type]
    return sorted(found, key=lambda row: repr(next(iter(row.values()))))


def test_nothing_is_there_before_the_first_write(lake: Lake, tmp_path: Path) -> None:
    assert not lake.exists(T)
    assert lake.marks(T) == {}
    assert lake.tables("dev") == []
    for ask in (lake.rows, lake.schema, lake.version, lake.dataset, lake.size):
        with pytest.raises(TableNotFound, match="dev/silver/orders"):
            ask(T)
    assert not list(tmp_path.iterdir())


def test_append_then_read_back_with_counts_from_the_log(lake: Lake) -> None:
    assert lake.append(T, pa.table({"id": [1, 2], "v": ["a", "b"]})) == 0
    assert lake.append(T, pa.table({"id": [3], "v": ["c"]})) == 1
    assert rows(lake) == [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "v": "c"}]
    assert (lake.rows(T), lake.version(T), lake.size(T)[0]) == (3, 1, 2)
    assert rows(lake, version=0, columns=["id"]) == [{"id": 1}, {"id": 2}]
    assert lake.tables("dev") == [T]


def test_overwrite_replaces_rows_and_schema_at_once(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1], "v": ["a"]}))
    lake.overwrite(T, pa.table({"name": ["x"], "at": [dt.datetime(2025, 1, 1)]}))
    assert rows(lake) == [{"name": "x", "at": dt.datetime(2025, 1, 1)}]


def test_overwrite_where_replaces_only_what_the_predicate_names(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1, 2, None], "v": ["a", "b", "n"]}))
    lake.overwrite(T, pa.table({"id": [2, 4], "v": ["B", "d"]}), predicate="id >= 2")
    assert rows(lake) == [
        {"id": 1, "v": "a"},
        {"id": 2, "v": "B"},
        {"id": 4, "v": "d"},
        {"id": None, "v": "n"},
    ]
    with pytest.raises(LakeError, match="nothing_like_it"):
        lake.overwrite(T, pa.table({"id": [2], "v": ["B"]}), predicate="nothing_like_it > 1")
    assert lake.rows(T) == 4


def test_merge_updates_by_key_inserts_the_rest_and_leaves_other_files_alone(lake: Lake) -> None:
    lake.append(T, pa.table({"id": list(range(100)), "v": ["a"] * 100}))
    lake.append(T, pa.table({"id": list(range(100, 200)), "v": ["a"] * 100}))
    before = set(files(lake))
    lake.merge(T, pa.table({"id": [150, 500], "v": ["new", "ins"]}), on=["id"])
    assert len(before & set(files(lake))) == 1
    assert lake.rows(T) == 201
    changed = [row for row in rows(lake) if row["v"] != "a"]
    assert changed == [{"id": 150, "v": "new"}, {"id": 500, "v": "ins"}]


def test_merge_of_rows_that_are_there_already_writes_no_file(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1, 2], "v": ["a", None]}))
    before = files(lake)
    lake.merge(T, pa.table({"id": [1, 2], "v": ["a", None]}), on=["id"], marks={"watermark": "2"})
    assert files(lake) == before
    assert lake.marks(T) == {"watermark": "2"}


def test_merge_by_several_columns_nulls_among_them(lake: Lake) -> None:
    lake.append(T, pa.table({"a": [1, 1, None], "b": ["x", "y", "x"], "v": [1, 2, 3]}))
    lake.merge(T, pa.table({"a": [1, None], "b": ["y", "x"], "v": [20, 30]}), on=["a", "b"])
    assert sorted(str(row["v"]) for row in rows(lake)) == ["1", "20", "30"]


def test_merge_refuses_rows_that_share_a_key_and_a_key_that_is_no_column(lake: Lake) -> None:
    with pytest.raises(SchemaMismatch, match="1 keys"):
        lake.merge(T, pa.table({"id": [1, 1]}), on=["id"])
    with pytest.raises(SchemaMismatch, match="no key column nope"):
        lake.merge(T, pa.table({"id": [1]}), on=["nope"])
    assert not lake.exists(T)


def test_delete_removes_only_rows_for_which_the_predicate_is_true(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1, 2, None]}))
    lake.delete(T, "id = 2")
    assert rows(lake) == [{"id": 1}, {"id": None}]


def test_columns_are_added_and_types_widened_as_rows_bring_them(lake: Lake) -> None:
    lake.append(T, pa.table({"id": pa.array([1], pa.int32()), "day": [dt.date(2025, 1, 1)]}))
    wide = {"id": [2**40], "day": [dt.datetime(2025, 1, 2, 3)], "extra": ["e"]}
    lake.append(T, pa.table(wide))
    assert rows(lake) == [
        {"id": 1, "day": dt.datetime(2025, 1, 1), "extra": None},
        {"id": 2**40, "day": dt.datetime(2025, 1, 2, 3), "extra": "e"},
    ]


def test_values_that_do_not_fit_raise_and_leave_the_table_and_no_file(lake: Lake, tmp_path: Path) -> None:
    lake.append(T, pa.table({"id": [1]}))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(SchemaMismatch, match="column 'id'"):
        lake.append(T, pa.table({"id": ["no number"]}))
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert rows(lake) == [{"id": 1}]


def test_names_that_differ_in_case_only_are_refused(lake: Lake) -> None:
    with pytest.raises(SchemaMismatch, match="same name"):
        lake.append(T, pa.table([pa.array([1]), pa.array([2])], names=["Id", "ID"]))
    assert not lake.exists(T)


def test_marks_travel_with_every_later_commit_and_go_back_with_a_restore(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1]}), marks={"watermark": "1", "run_id": "a"})
    lake.append(T, pa.table({"id": [2]}), marks={"watermark": "2", "run_id": "b"})
    lake.delete(T, "id = 1")
    lake.optimize(T)
    lake.vacuum(T)
    assert lake.marks(T) == {"watermark": "2", "run_id": "b"}
    lake.restore(T, 0)
    assert rows(lake) == [{"id": 1}]
    assert lake.marks(T) == {"watermark": "1", "run_id": "a"}
    lake.append(T, pa.table({"id": [3]}), marks={"watermark": ""})
    assert lake.marks(T) == {"run_id": "a"}


def test_marks_are_found_behind_commits_of_others(lake: Lake) -> None:
    from deltalake import write_deltalake

    lake.append(T, pa.table({"id": [1]}), marks={"watermark": "1"})
    for n in range(30):
        write_deltalake(lake.uri(T), pa.table({"id": [n]}), mode="append")
    assert lake.marks(T) == {"watermark": "1"}
    lake.append(T, pa.table({"id": [1]}))
    assert lake.rows(T) == 32


def test_restore_to_a_version_that_is_not_there(lake: Lake) -> None:
    lake.append(T, pa.table({"id": [1]}))
    with pytest.raises(LakeError, match="no version 7"):
        lake.restore(T, 7)
    assert lake.restore(T, 0) == 0


def test_two_writers_from_one_version_only_one_of_them_commits(lake: Lake, tmp_path: Path) -> None:
    lake.append(T, pa.table({"id": [1]}))
    schema = pa.schema([("id", pa.int64())])
    with lake.write(T, schema, "append") as one, lake.write(T, schema, "append") as two:
        for number, write in enumerate((one, two)):
            write.put(pa.record_batch({"id": [10 + number]}))
        one.append({})
        with pytest.raises(WriteConflict):
            two.append({})
    assert rows(lake) == [{"id": 1}, {"id": 10}]
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_two_writers_of_a_new_table_only_one_of_them_makes_it(lake: Lake) -> None:
    schema = pa.schema([("id", pa.int64())])
    with lake.write(T, schema, "append") as one, lake.write(T, schema, "append") as two:
        one.put(pa.record_batch({"id": [1]}))
        two.put(pa.record_batch({"id": [2]}))
        two.append({})
        with pytest.raises(WriteConflict):
            one.append({})
    assert rows(lake) == [{"id": 2}]


def test_partitions_keep_their_values_through_merges(lake: Lake) -> None:
    days = [dt.date(2025, 1, 1), dt.date(2025, 1, 2), None, dt.date(2025, 1, 1)]
    table = pa.table({"id": [1, 2, 3, 4], "day": days, "place": ["a b", "ü/%=", "x", None]})
    lake.append(T, table, partition_by=["day", "place"])
    lake.merge(T, pa.table({"id": [2], "day": [dt.date(2025, 2, 1)], "place": ["q"]}), on=["id"])
    found = [(row["id"], row["day"], row["place"]) for row in rows(lake)]
    assert found == [
        (1, days[0], "a b"),
        (2, dt.date(2025, 2, 1), "q"),
        (3, None, "x"),
        (4, days[0], None),
    ]
    with pytest.raises(SchemaMismatch, match="partition"):
        lake.append(TableId("dev", "gold", "x"), table, partition_by=["nope"])


def test_a_dataset_can_be_queried_with_duckdb(lake: Lake) -> None:
    moments = [dt.datetime(2025, 1, n, 1, 2, 3, 456789, dt.UTC) for n in (1, 2, 3)]
    lake.append(T, pa.table({"id": [1, 2, 3], "moment": pa.array(moments, pa.timestamp("us", "UTC"))}))
    orders = lake.dataset(T)
    query = "SELECT id FROM orders WHERE moment >= TIMESTAMPTZ '2025-01-02 01:02:03.456789+00'"
    with duckdb.connect() as db:
        db.register("orders", orders)
        found = db.execute(query).fetchall()
    assert orders.count_rows() == 3
    assert sorted(found) == [(2,), (3,)]


def test_the_guard_hears_of_every_write_before_a_byte_is_written(tmp_path: Path) -> None:
    heard: list[tuple[TableId, str]] = []

    def refuse(table: TableId, operation: str) -> None:
        heard.append((table, operation))
        raise Denied("no", where=str(table))

    root = tmp_path / "dev"
    Lake({"dev": str(root)}).append(T, pa.table({"id": [1, 2]}))
    before = sorted(root.rglob("*"))
    lake = Lake({"dev": str(root)}, guard=refuse)
    data = pa.table({"id": [1]})
    for write in (
        lambda: lake.append(T, data),
        lambda: lake.overwrite(T, data),
        lambda: lake.merge(T, data, on=["id"]),
        lambda: lake.delete(T, "id = 1"),
        lambda: lake.restore(T, 0),
        lambda: lake.optimize(T),
        lambda: lake.vacuum(T),
    ):
        with pytest.raises(Denied):
            write()
    assert [operation for _, operation in heard] == [
        "append", "overwrite", "merge", "delete", "restore", "optimize", "vacuum",
    ]  # fmt: skip
    assert sorted(root.rglob("*")) == before


def test_the_guard_sees_through_links_which_environment_is_written(tmp_path: Path) -> None:
    heard: list[str] = []
    (tmp_path / "prod").mkdir()
    (tmp_path / "dev").symlink_to(tmp_path / "prod")
    lake = Lake(
        {"dev": str(tmp_path / "dev"), "prod": str(tmp_path / "prod")}, guard=lambda table, _: heard.append(str(table))
    )
    lake.append(T, pa.table({"id": [1]}))
    assert set(heard) == {"dev/silver/orders", "prod/silver/orders"}


@pytest.mark.parametrize("name", ["", "..", "../../prod/silver/x", "a/b", "a\\b"])
def test_a_name_cannot_lead_out_of_its_layer(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match="not a table name"):
        lake.append(TableId("dev", "silver", name), pa.table({"id": [1]}))


def test_an_environment_without_a_root_is_said(lake: Lake) -> None:
    with pytest.raises(ConfigError, match="'staging'"):
        lake.exists(TableId("staging", "silver", "x"))


def files(lake: Lake, table: TableId = T) -> list[str]:
    """The data files that the newest version names."""
    snapshot = lake.snapshot(table)
    assert snapshot is not None
    return sorted(fragment.path for fragment in snapshot.dataset().get_fragments() or ())
