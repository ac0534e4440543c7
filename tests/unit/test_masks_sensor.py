"""A replaced key: views made by its former version are asked for anew, together, once; and only those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from resources.masking_keys import MASKING_KEY, with_new_version
from resources.platform import Platform
from sensors.masks import follow_keys
from tests.unit.governance_stage import Stage

PRODUCT = """
    - {name: people, layer: bronze, source: {connection: shop, table: people}, columns: {email: {pii: EMAIL_ADDRESS}}}
    - {name: plain, layer: masked, masked: {source: bronze/people, columns: {email: {method: redact}}}}
    - {name: people, layer: masked, masked: {source: bronze/people}}
    - {name: own, layer: masked, masked: {source: bronze/people, columns: {email: {method: hash, key: OWN}}}}
"""
PEOPLE = TableId("dev", "bronze", "people")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.deployment.product(PRODUCT)
    rotate(made, "OWN")
    made.platform.lake.append(PEOPLE, pa.table({"email": ["ada@example.org", "bob@example.org"]}))
    made.run("dev/masked/people", "dev/masked/plain", "dev/masked/own")
    return made


def rotate(stage: Stage, name: str = MASKING_KEY) -> None:
    secrets = stage.platform.secrets
    secrets.put(name, with_new_version(secrets.get(name), name))


def asked(stage: Stage) -> list[list[dict[str, Any]]]:
    goals = [row for row in stage.platform.store.goals() if row.goal.requester == "automation:masks"]
    return [[dict(s.inputs) for s in stage.platform.store.plan(g.id).steps if s.action == "remask"] for g in goals]


def pseudonyms(stage: Stage, view: str) -> list[str]:
    return stage.platform.lake.read(TableId("dev", "masked", view)).read_all().column("email").to_pylist()


def test_views_of_a_replaced_key_are_made_anew_and_no_other(stage: Stage) -> None:
    said, cursor = follow_keys(stage.platform, None)
    assert (said, asked(stage)) == ("every view is made by the newest keys", [])
    former = pseudonyms(stage, "people"), pseudonyms(stage, "own")
    rotate(stage)
    said, cursor = follow_keys(stage.platform, cursor)
    assert "1 views" in said
    assert asked(stage) == [[{"asset": "masked/people"}]]
    stage.act("remask", asset="masked/people")
    assert not set(pseudonyms(stage, "people")) & set(former[0])
    assert pseudonyms(stage, "own") == former[1]
    assert follow_keys(stage.platform, None)[0] == "every view is made by the newest keys"


def test_the_same_is_asked_once_however_often_a_tick_comes(stage: Stage) -> None:
    rotate(stage)
    rotate(stage, "OWN")
    _, cursor = follow_keys(stage.platform, None)
    assert follow_keys(stage.platform, cursor)[0] == "no key was replaced"
    follow_keys(stage.platform, None)
    assert asked(stage) == [[{"asset": "masked/own"}, {"asset": "masked/people"}]]


def test_a_tick_that_runs_out_of_time_goes_on_where_it_stopped(stage: Stage) -> None:
    rotate(stage)
    rotate(stage, "OWN")
    cursor = "not a cursor"
    for _ in range(3):
        _, cursor = follow_keys(stage.platform, cursor, seconds=0)
    assert asked(stage) == [[{"asset": "masked/own"}], [{"asset": "masked/people"}]]
    said, _ = follow_keys(stage.platform, cursor, seconds=0)
    assert said == "no key was replaced"


def test_a_code_server_that_lives_long_sees_the_new_key(stage: Stage) -> None:
    platform = Platform.of(stage.deployment.settings, {})
    assert platform.masking_keys.version() == 1
    _, cursor = follow_keys(platform, None)
    rotate(stage)
    assert "1 views" in follow_keys(platform, cursor)[0]


def test_a_key_that_is_gone_is_no_reason_to_make_views_anew(stage: Stage) -> None:
    (stage.deployment.settings.secrets_dir / "OWN").unlink()
    assert follow_keys(stage.platform, None)[0] == "every view is made by the newest keys"
