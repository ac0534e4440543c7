"""Refreshes are measured and scored, unusual ones reported once, failing tables looked after once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from agents.core.catalog import TableId
from resources.platform import Platform
from sensors.quality import Review, quality_sensor
from tests.unit.product_runs import AT_LEAST, Deployment, Run

ORDERS_TABLE = TableId("dev", "bronze", "orders")
ORDERS = """
    - name: orders
      layer: bronze
      source: {connection: shop, table: orders}
      retry: {max: 0}
"""
KEY = dg.AssetKey(list(ORDERS_TABLE))
DAY = 86_400.0


class Site:
    """A deployment whose table is refreshed by hand."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.deployment = Deployment(folder, instance=instance)
        self.platform = Platform.of(self.deployment.settings, {})
        self.declare()

    def declare(self, more: str = "") -> None:
        self.deployment.product(f"{ORDERS}{more}")

    def refresh(self, rows: int, amount: float = 5.0) -> Run:
        self.deployment.orders((n, amount, f"2026-01-{1 + n % 28:02d}") for n in range(rows))
        return self.deployment.run("dev/bronze/orders")

    def known(self, count: int, rows: int = 500) -> None:
        """Refreshes of the past, one a day, that all went alike."""
        self.refresh(rows)
        (one,) = self.platform.measurements.history(ORDERS_TABLE)
        for number in range(1, count):
            self.platform.measurements.record(ORDERS_TABLE, "old", one.at - (count - number) * DAY, one.facts)
        self.tick()

    def tick(self) -> list[str]:
        with dg.build_sensor_context(instance=self.deployment.instance) as context:
            told = quality_sensor(self.platform).evaluate_tick(context).skip_message or ""
        return [] if told == "nothing is unusual" else told.split("; ")

    def goals(self) -> list[str]:
        return [row.goal.text for row in self.platform.store.goals()]

    def observed(self) -> list[str]:
        found = self.deployment.instance.fetch_observations(KEY, limit=50).records
        return [r.asset_observation.description or "" for r in found if r.asset_observation]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Site(tmp_path, instance)


def test_a_refresh_leaves_a_scorecard_and_scores_that_plot(site: Site) -> None:
    site.declare(f"      rules: [{AT_LEAST % ('amount', 3, 'alert')}]\n")
    site.refresh(100)
    metadata = site.refresh(100, amount=2.0).metadata["dev/bronze/orders"]
    assert metadata["quality/completeness"] == 100
    assert metadata["quality/validity"] == 0
    assert 0 < metadata["quality/score"] < 100
    card = metadata["scorecard"]
    assert "| validity | 0.0 | 100.0 |" in card
    assert "data:image/svg+xml;base64," in card
    assert "1 failing" in card
    assert "`2.0`" in card, "the example of a failing rule"


def test_an_unusual_refresh_is_reported_once_and_looked_after_by_one_goal(site: Site) -> None:
    site.known(10)
    assert site.tick() == []
    site.refresh(20)
    assert any("rows is 20, where 500 is usual" in told for told in site.tick())
    assert site.tick() == []
    assert len(site.observed()) == 1
    (goal,) = site.goals()
    assert goal.startswith("Validate bronze/orders: rows is 20")
    assert [r.entry.what for r in site.platform.ledger.records(subject=str(ORDERS_TABLE))] == ["anomaly"]
    (last,) = site.platform.measurements.history(ORDERS_TABLE)[-1:]
    assert last.verdict["remediation"] == "G-000001"
    site.refresh(20)
    assert site.tick() == [], "what stays is normal"


def test_a_refused_load_is_looked_after_once_however_often_it_fails(site: Site) -> None:
    site.refresh(50)
    site.declare(f"      rules: [{AT_LEAST % ('amount', 3, 'block')}]\n")
    for _ in range(3):
        assert not site.refresh(50, amount=1.0).success
        site.tick()
    (goal,) = site.goals()
    assert "failed" in goal
    plan = site.platform.store.plan("G-000001")
    assert [(s.agent, s.action) for s in plan.steps] == [("quality", "validate"), ("report", "report")]


def test_what_a_person_quieted_or_confirmed_is_left_alone(site: Site) -> None:
    site.known(10)
    site.declare("      override: {quiet: [rows, '*.distinct', '*.mean']}\n")
    site.refresh(20)
    assert site.tick() == []
    site.declare("      override: {normal_since: '2126-01-01'}\n")
    site.refresh(4000)
    assert site.tick() == []
    assert site.goals() == []


def test_a_tick_that_died_after_opening_a_goal_opens_no_second_one(site: Site) -> None:
    site.known(10)
    site.refresh(20)
    site.tick()
    (last,) = site.platform.measurements.history(ORDERS_TABLE)[-1:]
    site.platform.measurements.record(ORDERS_TABLE, "again", last.at + 1, last.facts)
    (again,) = site.platform.measurements.unjudged(10)
    past = site.platform.measurements.history(ORDERS_TABLE, before=again.id)
    assert Review(site.platform, site.deployment.instance, last.at)._remedy(again, past, [], ["x"]) == "G-000001"
    assert len(site.goals()) == 1


def test_many_failing_tables_open_few_goals(site: Site) -> None:
    for number in range(12):
        facts = {"rows": 1, "columns": {}, "refused": ["amounts_are_positive"]}
        site.platform.measurements.record(TableId("dev", "bronze", f"t{number}"), "run", 1.0, facts)
    site.tick()
    assert len(site.goals()) == 5
    assert site.tick() == []


def test_a_table_that_is_overdue_is_reported_once(site: Site) -> None:
    site.declare('      schedule: "0 2 * * *"\n')
    site.known(10)
    now = site.platform.measurements.history(ORDERS_TABLE)[-1].at + 4 * DAY
    for told in (1, 0):
        review = Review(site.platform, site.deployment.instance, now)
        review.late()
        assert len(review.told) == told
    assert "no refresh for 96.0 h" in site.observed()[0]


def test_old_measurements_are_forgotten(site: Site) -> None:
    kept = site.platform.measurements
    for number in range(450):
        kept.record(ORDERS_TABLE, "run", float(number), {"rows": number, "columns": {}})
    history = kept.history(ORDERS_TABLE)
    assert (len(history), history[0].facts["rows"], history[-1].facts["rows"]) == (400, 50, 449)
