"""A product file that does not load is shown without anybody asking."""

from __future__ import annotations

from dagster import DagsterInstance, build_sensor_context

from agents.core.errors import SpecError
from sensors.specs import specs_sensor


def test_a_broken_file_is_reported_once_and_its_repair_too() -> None:
    broken = specs_sensor([SpecError("unknown key 'tabels'", where="sales/defs.yaml:3")])
    with DagsterInstance.ephemeral() as instance:
        first = broken.evaluate_tick(build_sensor_context(instance=instance))
        again = broken.evaluate_tick(build_sensor_context(instance=instance, cursor=first.cursor))
        mended = specs_sensor([]).evaluate_tick(build_sensor_context(instance=instance, cursor=first.cursor))
    (event,) = first.asset_events
    assert not event.passed
    assert "sales/defs.yaml:3" in str(event.metadata["problems"].value)
    assert list(again.asset_events or []) == []
    assert [event.passed for event in mended.asset_events] == [True]
