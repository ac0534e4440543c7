"""Rules the agent wrote and a person changed in the file: the person's word stays, profile after profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from agents.tools.profiling import profile_table, write_rules
from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule
from resources.specs_repo import SpecsRepo
from tests.unit.rule_writer_domains import DOMAINS, NOW, table

ASSET = "bronze/payments"
BETWEEN, SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"


@pytest.fixture
def repo(tmp_path: Path) -> SpecsRepo:
    found = SpecsRepo(tmp_path / "defs", "quality")
    found.init()
    return found


def rules_in(repo: SpecsRepo) -> list[dict[str, Any]]:
    found = repo.find(ASSET)
    return list(found[1].get("rules") or []) if found else []


def profile_and_write(repo: SpecsRepo, data: pa.Table) -> None:
    """What the agent does: propose with the rules that stand there, write what it proposes."""
    previous = TypeAdapter(list[Rule]).validate_python(rules_in(repo))
    rules = write_rules(profile_table(data, key=("txn",), now=NOW), previous=previous, now=NOW)
    desired = {"source": {"connection": "c", "table": "t"}, "rules": [rule.to_spec() for rule in rules]}
    repo.apply(repo.plan_change("crm", ASSET, desired, "quality"), "G-000001", "quality", "rules")


def by_person(repo: SpecsRepo, column: str, kind: str, change: dict[str, Any]) -> None:
    """Edit one rule in the file, as a person does with an editor."""
    path, yaml = repo.path("crm"), YAML()
    document = yaml.load(path.read_text())
    (rule,) = [
        r
        for r in document["attributes"]["tables"][0]["rules"]
        if r["kwargs"].get("column") == column and r["type"] == kind
    ]
    for part, values in change.items():
        rule[part].update(values)
    with path.open("w") as file:
        yaml.dump(document, file)


def rule_of(repo: SpecsRepo, column: str, kind: str) -> dict[str, Any]:
    (rule,) = [r for r in rules_in(repo) if r["kwargs"].get("column") == column and r["type"] == kind]
    return rule


def day(number: int, factor: float = 1.0) -> pa.Table:
    columns = DOMAINS["payments"].make(np.random.default_rng(number), 3000, number)
    return table({**columns, "value": columns["value"] * factor})


def test_an_edit_and_a_mute_stay_when_the_data_changes_and_the_agent_writes_again(repo: SpecsRepo) -> None:
    profile_and_write(repo, day(0))
    by_person(repo, "value", BETWEEN, {"kwargs": {"max_value": 123}})
    by_person(repo, "unit", SET, {"meta": {"muted": True}})
    for number, factor in ((1, 1.0), (2, 1000.0)):
        profile_and_write(repo, day(number, factor))
        assert rule_of(repo, "value", BETWEEN)["kwargs"]["max_value"] == 123
        assert rule_of(repo, "unit", SET)["meta"]["muted"] is True
        assert len(rules_in(repo)) == len({(r["type"], str(r["kwargs"]), r["meta"].get("id")) for r in rules_in(repo)})
    live = TypeAdapter(list[Rule]).validate_python(rules_in(repo))
    names = RuleSet(live, day(3).schema).names
    assert "unit_in_set" not in names
    assert "value_between" in names


def test_a_rule_nobody_touched_follows_the_data(repo: SpecsRepo) -> None:
    profile_and_write(repo, day(0))
    before = rule_of(repo, "value", BETWEEN)["kwargs"]
    profile_and_write(repo, day(2, 1000.0))
    after = rule_of(repo, "value", BETWEEN)["kwargs"]
    assert after["max_value"] > 100 * before["max_value"]


def test_profiling_the_same_data_twice_leaves_the_file_as_it_is(repo: SpecsRepo) -> None:
    profile_and_write(repo, day(0))
    text = repo.path("crm").read_text()
    profile_and_write(repo, day(0))
    assert repo.path("crm").read_text() == text
