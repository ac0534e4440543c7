"""Anybody with the UI may write a sensor's cursor: whatever it says, the sensor goes on with its work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.tools.governing.compliance import ASSET as COMPLIANCE
from platform_defs.services import services
from resources.platform import Platform
from resources.settings import Settings, load_settings
from sensors.privacy import Memory, Watch

WRONG = ("garbage", "[1", "null", "[]", "-1", "9" * 40, "nan", '{"at": "x"}', '{"late": 1e300}', '{"tables": 5}')
NESTED = ('{"waiting": [5], "alone": [null], "done": {"a": []}}', '{"day": [], "tables": [[]]}', '{"waiting": ["x"]}')
OURS = ("plans", "approvals", "masks", "retention", "privacy", "quality")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"ADP_STATE": str(tmp_path)}, cwd=tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def tick(settings: Settings, instance: dg.DagsterInstance, name: str, cursor: str | None) -> Any:
    """One tick of a sensor that has this cursor."""
    definitions = services(settings)
    sensors = {sensor.name: sensor for sensor in definitions.sensors or ()}
    with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions) as context:
        return sensors[name].evaluate_tick(context)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", OURS)
def test_a_cursor_that_somebody_wrote_stops_no_sensor(
    settings: Settings, instance: dg.DagsterInstance, name: str
) -> None:
    for cursor in (*WRONG, *NESTED):
        told = tick(settings, instance, name, cursor)
        after = tick(settings, instance, name, told.cursor)
        assert after.skip_message


def test_a_cursor_ahead_of_the_clock_hides_no_late_table(settings: Settings, instance: dg.DagsterInstance) -> None:
    ahead = tick(settings, instance, "quality", '{"late": 99999999999}')
    assert json.loads(ahead.cursor)["late"] < 99999999999


def test_a_cursor_ahead_of_the_clock_puts_compliance_off_for_no_longer(settings: Settings) -> None:
    watch = Watch(Platform.of(settings), Memory.of('{"scanned": 2, "assessed_at": 1e300}'))
    assert [request.asset_selection for request in watch.assess(1_800_000_000.0)] == [[dg.AssetKey(COMPLIANCE)]]
    assert watch.assess(1_800_000_001.0) == []


def test_a_cursor_ahead_of_everything_hides_no_table_from_the_scan(settings: Settings) -> None:
    platform, table = Platform.of(settings), TableId("dev", "bronze", "people")
    platform.lake.append(table, pa.table({"email": ["a@example.com"]}))
    watch = Watch(platform, Memory.of('{"at": 999999999999}'))
    watch.notice({str(table): 7})
    assert watch.ask().endswith("1 tables are looked at")
