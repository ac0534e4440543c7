"""Replay: what a person finds in table and quarantine after a rule has changed, and after a table was taken back."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.core.catalog import TableId
from assets.kinds.judging import Sieve
from assets.kinds.landing import Landed, land
from assets.kinds.moves import log_id, settle_moves
from assets.kinds.quarantine import quarantine_id, quarantined, rows_as_json, sweep
from assets.kinds.replay import Plan, Repair, Replayed, replay
from assets.kinds.row_json import typed_rows
from assets.kinds.spec import Rule, RuleMeta, Source, Table
from resources.lake import Lake
from tests.integration.ingest_worker import reader

T = TableId("dev", "bronze", "orders")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYED = Table("orders", "bronze", source=Source("shop", "orders", "incremental", "at"), key=("id",))
PLAIN = replace(KEYED, key=())
FULL = replace(KEYED, source=Source("shop", "orders"))
SCHEMA = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("v", pa.string())])
Row = dict[str, Any]


def row(key: int | None, day: int, v: str) -> Row:
    return {"id": key, "at": dt.datetime(2025, 1, day, tzinfo=dt.UTC), "v": v}


def only(*values: str) -> Sieve:
    """The rule that `v` is one of these."""
    kwargs = {"column": "v", "value_set": list(values)}
    meta = RuleMeta("quarantine", f"v is one of {', '.join(values)}")
    return Sieve([Rule("expect_column_values_to_be_in_set", kwargs, meta)], "test", NOW)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake({"dev": str(tmp_path)})


def load(lake: Lake, rows: list[Row], sieve: Sieve, spec: Table = KEYED) -> Landed:
    done = land(lake, reader(rows, SCHEMA, 3), spec, "dev", run_id="load", split=sieve.split, now=NOW)
    assert done.rows_landed + done.rows_quarantined == done.rows_read
    return done


def again(lake: Lake, sieve: Sieve, spec: Table = KEYED, **kwargs: Any) -> Replayed:
    assert spec.source
    plan = Plan(T, sieve.split, spec.key, spec.source.watermark, **kwargs)
    done = replay(lake, plan, "replay", NOW)
    assert done.rows_checked == done.rows_landed + done.rows_superseded + done.rows_kept
    assert done.rows_kept == quarantined(lake, T)
    return done


def landed(lake: Lake) -> list[tuple[Any, ...]]:
    return sorted(((r["id"], r["v"]) for r in lake.read(T).read_all().to_pylist()), key=repr)


def held(lake: Lake) -> list[tuple[Any, ...]]:
    rows = lake.read(quarantine_id(T)).read_all().to_pylist()
    return sorted(((json.loads(r["row"])["id"], r["_rule"]) for r in rows), key=repr)


@pytest.mark.parametrize("spec", [KEYED, PLAIN, FULL], ids=["keyed", "plain", "full"])
def test_rows_that_pass_now_land_once_and_the_others_stay_with_the_rule_they_break(lake: Lake, spec: Table) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b"), row(3, 3, "c"), row(4, 4, "a")], only("a"), spec)
    assert held(lake) == [(2, "v_in_set"), (3, "v_in_set")]
    done = again(lake, only("a", "b"), spec)
    assert (done.rows_landed, done.rows_kept, done.kept) == (1, 1, {"v_in_set": 1})
    assert landed(lake) == [(1, "a"), (2, "b"), (4, "a")]
    assert again(lake, only("a", "b"), spec).rows_landed == 0
    reason = lake.read(quarantine_id(T), columns=["_reason"]).read_all().to_pylist()
    assert reason == [{"_reason": "v is one of a, b"}]
    stamps = {r["_ingested_at"] for r in lake.read(T).read_all().to_pylist()}
    assert stamps == {NOW}
    load(lake, [row(1, 1, "a"), row(2, 2, "b"), row(3, 3, "c"), row(4, 4, "a")], only("a", "b"), spec)
    assert landed(lake) == [(1, "a"), (2, "b"), (4, "a")]


def test_a_dry_run_says_what_would_land_and_writes_nothing(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b")], only("a"))
    versions = lake.version(T), lake.version(quarantine_id(T))
    done = replay(lake, Plan(T, only("a", "b").split, ("id",), "at"), "run", NOW, dry_run=True)
    assert (done.rows_landed, done.rows_kept) == (1, 0)
    assert (lake.version(T), lake.version(quarantine_id(T))) == versions


def test_an_earlier_version_than_the_tables_is_superseded_and_a_later_one_replaces_it(lake: Lake) -> None:
    load(lake, [row(1, 1, "old"), row(2, 2, "a")], only("a"))
    load(lake, [row(1, 3, "a"), row(2, 3, "new"), row(3, 4, "a")], only("a"))
    done = again(lake, only("a", "old", "new"))
    assert (done.rows_landed, done.rows_superseded, done.rows_kept) == (1, 1, 0)
    assert landed(lake) == [(1, "a"), (2, "new"), (3, "a")]


def test_duplicates_and_rows_without_a_key_stay(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(1, 1, "a"), row(None, 1, "a"), row(2, 1, "b"), row(2, 1, "b")], only("a"))
    assert [rule for _, rule in held(lake)] == ["duplicate_key", "v_in_set", "v_in_set", "null_key"]
    done = again(lake, only("a", "b"))
    assert (done.rows_landed, done.kept) == (1, {"duplicate_key": 2, "null_key": 1})
    assert landed(lake) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("spec", [KEYED, PLAIN], ids=["keyed", "plain"])
def test_a_table_restored_to_before_a_replay_has_its_rows_in_quarantine_again(lake: Lake, spec: Table) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b"), row(2, 2, "b"), row(3, 3, "a")], only("a"), spec)
    before, then = lake.version(T), (landed(lake), Counter(k for k, _ in held(lake)))
    assert again(lake, only("a", "b"), spec).rows_landed == (1 if spec.key else 2)
    after = lake.version(T)
    lake.restore(T, before)
    settle_moves(lake, T)
    assert (landed(lake), Counter(k for k, _ in held(lake))) == then
    lake.restore(T, after)
    settle_moves(lake, T)
    assert not any(rule == "v_in_set" for _, rule in held(lake))
    again(lake, only("a", "b"), spec)
    assert [key for key, _ in landed(lake)] == ([1, 2, 3] if spec.key else [1, 2, 2, 3])


def test_a_table_restored_to_before_a_sweep_has_the_swept_rows_once(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b"), row(2, 2, "b")], only("a", "b"), PLAIN)
    before = lake.version(T)
    assert sweep(lake, T, only("a").split, "run", NOW, "at").rows_quarantined == 2
    after = lake.version(T)
    lake.restore(T, before)
    settle_moves(lake, T)
    assert quarantined(lake, T) == 0
    again(lake, only("a", "b"), PLAIN)
    assert landed(lake) == [(1, "a"), (2, "b"), (2, "b")]
    lake.restore(T, after)
    settle_moves(lake, T)
    assert (landed(lake), held(lake)) == ([(1, "a")], [(2, "v_in_set")] * 2)


def test_a_repaired_row_lands_as_repaired_and_the_log_has_both(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b")], only("a"))
    bad = lake.read(quarantine_id(T)).read_all().to_pylist()[0]
    better = json.dumps({**json.loads(bad["row"]), "v": "a"})
    done = again(lake, only("a"), repairs={bad["_row_hash"]: Repair(better, "a typo", 0.99)}, by="quality")
    assert (done.rows_landed, landed(lake)) == (1, [(1, "a"), (2, "a")])
    log = lake.read(log_id(T)).read_all().to_pylist()
    assert [(r["row"], r["after"], r["_why"], r["_by"], r["_confidence"]) for r in log] == [
        (bad["row"], better, "a typo", "quality", 0.99)
    ]


def test_quarantines_of_before_the_watermark_was_kept_are_replayed(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b")], only("a"))
    old = lake.read(quarantine_id(T)).read_all().drop_columns(["_watermark", "_move"])
    lake.overwrite(quarantine_id(T), old)
    load(lake, [row(2, 2, "b"), row(3, 3, "c")], only("a"))
    assert quarantined(lake, T) == 2
    assert again(lake, only("a", "b")).rows_landed == 1


EVENTS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcd")), max_size=6),
        st.sets(st.sampled_from("abcd"), min_size=1),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=8, deadline=None)
@given(events=EVENTS, keyed=st.booleans())
def test_loads_sweeps_and_replays_in_any_order_keep_every_row_once(
    events: list[tuple[list[tuple[int, str]], set[str], bool]], keyed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Table and quarantine together are the source's rows, and each row is where the rules of now put it."""
    lake, source = Lake({"dev": str(tmp_path_factory.mktemp("lake"))}), list[Row]()
    spec = KEYED if keyed else PLAIN
    for day, (rows, allowed, restore) in enumerate(events, 1):
        fresh = dict(rows) if keyed else rows
        source += [row(key + 10 * day, day, v) for key, v in (fresh.items() if isinstance(fresh, dict) else fresh)]
        sieve = only(*sorted(allowed))
        if lake.exists(T):
            again(lake, sieve, spec)
            sweep(lake, T, sieve.split, "run", NOW, "at")
        load(lake, source, sieve, spec)
        if restore and lake.version(T):
            lake.restore(T, lake.version(T) - 1)
            settle_moves(lake, T)
            sweep(lake, T, sieve.split, "run", NOW, "at")
            load(lake, source, sieve, spec)
            again(lake, sieve, spec)
        assert landed(lake) == sorted(((r["id"], r["v"]) for r in source if r["v"] in allowed), key=repr)
        bad = Counter(r["id"] for r in source if r["v"] not in allowed)
        assert Counter(key for key, _ in (held(lake) if lake.exists(quarantine_id(T)) else [])) == bad


MOMENTS = st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30))
TYPES: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text(st.characters(codec="utf-8"))),
    (pa.binary(), st.binary()),
    (pa.date32(), st.dates()),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("us", "UTC"), MOMENTS.map(lambda at: at.replace(tzinfo=dt.UTC))),
    (pa.decimal128(38, 9), st.decimals(Decimal(-(10**20)), 10**20, places=9)),
    (pa.list_(pa.int64()), st.lists(st.none() | st.integers(-9, 9))),
    (
        pa.struct([("x", pa.decimal128(5, 2)), ("y", pa.binary())]),
        st.fixed_dictionaries({"x": st.none() | st.decimals(-999, 999, places=2), "y": st.none() | st.binary()}),
    ),
    (
        pa.map_(pa.string(), pa.date32()),
        st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.dates())),
    ),
]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_rows_come_back_from_json_exactly(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
    count = data.draw(st.integers(1, 3))
    arrays = [pa.array(data.draw(st.lists(st.none() | s, min_size=count, max_size=count)), k) for k, s in kinds]
    batch = pa.RecordBatch.from_arrays(arrays, names=[f"Column {n}" for n in range(len(arrays))])
    back, failed = typed_rows(rows_as_json(batch), batch.schema)
    assert failed == {}
    assert back.equals(batch)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int8(), 300), (pa.int64(), "x"), (pa.int64(), True), (pa.int64(), 1.5), (pa.decimal128(4, 2), "123.4"),
        (pa.decimal128(4, 2), "1.234"), (pa.date32(), "2025-01-01T10:00:00"), (pa.timestamp("us"), "soon"),
        (pa.bool_(), "maybe"), (pa.binary(), "§"), (pa.list_(pa.int64()), "x"), (pa.float64(), "x"), (pa.string(), [1]),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_the_columns_type_fails_its_row_alone(kind: pa.DataType, value: Any) -> None:
    back, failed = typed_rows([json.dumps({"c": value}), '{"C": null}'], pa.schema([("c", kind)]))
    assert list(failed) == [0]
    assert failed[0].startswith("c: the value is no ")
    assert back.num_rows == 2
