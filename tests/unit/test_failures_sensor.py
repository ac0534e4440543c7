"""The people a spec names hear of a failed run, with the reason and a link."""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pytest

from resources.platform import Platform
from sensors.failures import failures_sensor
from tests.unit.product_runs import ORDERS, Deployment


def fail(deployment: Deployment, context_of: dg.SensorDefinition) -> object:
    """Run a table whose source has gone, and the context the sensor gets for it."""
    result = deployment.run("dev/bronze/orders").result
    run = deployment.instance.get_run_by_id(result.run_id)
    assert run is not None
    event = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
    return dg.build_run_status_sensor_context(context_of.name, event, deployment.instance, run).for_run_failure()


@pytest.mark.parametrize(("notify", "told"), [("notify: [{kind: log}]", 1), ("notify: []", 0)])
def test_who_is_named_hears_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture, notify: str, told: int) -> None:
    deployment = Deployment(tmp_path)
    deployment.product(f"{ORDERS.rstrip()}\n      {notify}\n      retry: {{max: 0}}\n")
    sensor = failures_sensor(Platform.of(deployment.settings, {}))
    context = fail(deployment, sensor)
    with caplog.at_level(logging.INFO, "adp.notices"):
        sensor(context)
    notices = [record.getMessage() for record in caplog.records if record.name == "adp.notices"]
    assert len(notices) == told
    for notice in notices:
        assert "dev/bronze/orders failed" in notice
        assert "orders" in notice
        assert "/runs/" in notice
