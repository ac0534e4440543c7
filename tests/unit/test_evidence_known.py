"""What Dagster knows of the assets of a request, read from a real instance and its definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.tools.evidence import Known
from agents.tools.evidence.cost import ticks_a_month
from tests.unit.evidence_world import BY_DAY, ORDERS, World

DEV, DAILY = "dev/bronze/orders", "dev/gold/orders_by_day"
TOTALS = "- {name: totals, layer: gold, sql: SELECT sum(total) AS total FROM gold.orders_by_day}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("known"))
    made.dev.product(ORDERS + BY_DAY + TOTALS)
    assert made.dev.run(DEV, DAILY).success
    return made


def test_of_a_prod_table_the_same_table_in_dev_is_looked_at(world: World) -> None:
    known = world.known("prod/bronze/orders")
    assert set(known.downstream) == {DEV}
    assert known.downstream[DEV] == (DAILY, "dev/gold/totals")
    assert {check.name: (check.passed, check.blocking) for check in known.checks[DEV]} == {
        "not_null_order_id": (True, True),
        "amount_between": (False, False),
    }
    assert known.seconds[DEV] > 0
    assert known.built[DEV] > 0
    assert known.schedules == {DEV: "0 2 * * *"}
    assert known.outdated == frozenset()


def test_a_table_that_was_never_built_has_readers_and_nothing_else(world: World) -> None:
    known = world.known("dev/gold/totals")
    assert known.downstream == {"dev/gold/totals": ()}
    assert (known.seconds, known.built, known.checks) == ({}, {}, {"dev/gold/totals": ()})


def test_what_is_not_defined_is_not_known(world: World) -> None:
    assert world.known("prod/bronze/nothing", "strange", "a/b/c/d", "", "dev//x") == Known()


def test_checks_that_never_ran_and_tables_of_an_older_spec_are_told_apart(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.dev.product(ORDERS)
    assert world.dev.run(DEV).success
    further = "    - {type: expect_column_values_to_not_be_null, kwargs: {column: amount}}\n"
    world.dev.product(ORDERS + further)
    known = world.known(DEV)
    assert known.outdated == {DEV}
    assert {check.name: check.passed for check in known.checks[DEV]}["not_null_amount"] is None


@pytest.mark.parametrize(
    ("cron", "ticks"),
    [
        ("0 2 * * *", 30.4),
        ("0 * * * *", 730.5),
        ("0 2 * * 1-5", 21.7),
        ("0 2 * * 1", 4.3),
        ("0 2 1 * *", 1),
        ("0 2 1 */3 *", 0.33),
    ],
)
def test_how_often_a_schedule_ticks_in_a_month(cron: str, ticks: float) -> None:
    assert ticks_a_month(cron) == pytest.approx(ticks, rel=0.02)
