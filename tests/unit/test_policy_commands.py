"""`adp policy`: answers, exit codes, and where a case or a file is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from agents.core.errors import ConfigError
from agents.core.policy import POLICIES, Policy
from platform_defs.commands import policy

APP = typer.Typer()
policy.register(APP)


def adp(*arguments: str) -> Result:
    return CliRunner().invoke(APP, ["policy", *arguments])


@pytest.fixture
def cases(tmp_path: Path):
    def write(text: str) -> str:
        (tmp_path / "cases.yaml").write_text(text)
        return str(tmp_path / "cases.yaml")

    return write


def test_check_says_that_the_policies_in_force_are_valid() -> None:
    found = adp("check")
    assert found.exit_code == 0
    assert re.match(r"valid: \d+ policies in ", found.stdout)


def test_check_says_which_rule_decides_a_request_and_what_it_takes() -> None:
    found = adp("check", "--effect", "write_data", "--environment", "prod", "--pii", "masked")
    assert found.exit_code == 0
    assert found.stdout.startswith("ask: 2 approvals, from governance and platform (personal-data-needs-")
    assert adp("check", "--effect", "write_data", "-e", "dev").stdout == "allow (anyone-builds-outside-production)\n"
    assert adp("check", "--effect", "approve").stdout == "deny (agents-never-approve)\n"
    over = adp("check", "--effect", "spend", "--monthly-usd", "301", "--budget-usd", "300", "--approvals", "2")
    assert over.stdout == "deny (nothing-over-its-budget)\n"


def test_check_answers_programs_too() -> None:
    found = json.loads(adp("check", "--effect", "write_data", "--requester-unknown", "--json").stdout)
    assert found["decision"] == {
        "verdict": "ask",
        "rules": ["unknown-requesters-need-two", "production-needs-an-approval"],
        "quorum": 2,
        "groups": [],
        "waiting": False,
    }
    assert found["digest"].startswith("sha256:")
    assert "people-approve" in found["policies"]
    assert "decision" not in json.loads(adp("check", "--json").stdout)


def test_check_looks_at_a_draft_and_at_another_time(tmp_path: Path) -> None:
    freeze = '@id("freeze") forbid (principal, action, resource) when { context.now < datetime("2030-01-01") };'
    (tmp_path / "own.cedar").write_text((POLICIES / "default.cedar").read_text() + freeze)
    arguments = ("check", "--folder", str(tmp_path), "--effect", "read")
    assert adp(*arguments, "--at", "2029-12-31").stdout == "wait: nothing but the time is against it (freeze)\n"
    assert adp(*arguments, "--at", "2030-01-01").stdout == "allow (anyone-reads-through-tools)\n"


@pytest.mark.parametrize("wrong", [("--effect", "teleport"), ("--environment", "mars"), ("--risk", "huge"), ("--no",)])
def test_wrong_use_is_exit_2(wrong: tuple[str, ...]) -> None:
    assert adp("check", *wrong).exit_code == 2


def test_a_policy_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text("\npermit (principal, action, resource) when { context.aproved };")
    for command in ("check", "test"):
        found = adp(command, "--folder", str(tmp_path))
        assert found.exit_code == 1
        assert isinstance(found.exception, ConfigError)
        assert f"{tmp_path / 'own.cedar'}:2:53: policy is not valid" in str(found.exception)


def test_the_shipped_cases_pass() -> None:
    found = adp("test")
    assert found.exit_code == 0
    assert "all as expected" in found.stdout


def test_the_rule_and_the_case_of_the_docs_fit_each_other(cases, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    rule, case = (re.findall(rf"```{name}\n(.*?)```", text, re.DOTALL) for name in ("cedar", "yaml"))
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    (drafts / "own.cedar").write_text((POLICIES / "default.cedar").read_text() + rule[0])
    assert adp("test", cases(case[0]), "--folder", str(drafts)).exit_code == 0
    assert adp("test", cases(case[0])).exit_code == 1
    assert all(name in text for name in Policy().names)


def test_a_case_that_misses_is_told_with_its_line_and_exit_1(cases) -> None:
    file = cases(
        """
- name: reading is free
  request: {effect: read, environment: prod}
  expect: {verdict: allow}
- name: so is writing
  request: {effect: write_data, environment: prod}
  expect: {verdict: allow, rules: [], quorum: 0, groups: [sre], waiting: true}
"""
    )
    found = adp("test", file)
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        f"{file}:5: so is writing",
        "    verdict: expected allow, got ask",
        "    rules: expected none, got production-needs-an-approval",
        "    quorum: expected 0, got 1",
        "    groups: expected sre, got none",
        "    waiting: expected true, got false",
        "2 cases, 1 not as expected",
    ]
    assert [len(case["misses"]) for case in json.loads(adp("test", file, "--json").stdout)] == [0, 5]


def test_a_case_may_say_when(cases, tmp_path: Path) -> None:
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    hours = '@id("hours") forbid (principal, action, resource) unless { context.hour >= 8 && context.weekday < 6 };'
    (drafts / "own.cedar").write_text((POLICIES / "default.cedar").read_text() + hours)
    file = cases(
        """
- name: early
  request: {effect: read, environment: dev, at: 2026-11-20T07:00:00Z}
  expect: {verdict: ask, waiting: true}
- name: open
  request: {effect: read, environment: dev, at: 2026-11-20T08:00:00Z}
  expect: {verdict: allow}
"""
    )
    assert adp("test", file, "--folder", str(drafts)).exit_code == 0


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[]", 1, "no list of cases"),
        ("name: x", 1, "no list of cases"),
        ("- name: [x", 1, "cases do not parse"),
        ("- {name: x, request: {effect: read}, expect: {verdict: allow}}", 1, "request.environment"),
        ("\n- {name: x, request: {effect: raed, environment: dev}, expect: {verdict: allow}}", 2, "request.effect"),
        ("- {name: x, request: {effect: read, environment: dev, rsik: low}, expect: {verdict: deny}}", 1, "rsik"),
        ("- {name: x, request: {effect: read, environment: dev}, expect: {verdict: yes}}", 1, "expect.verdict"),
        ("- {name: x, request: {effect: read, environment: dev}, expect: {}}", 1, "expect.verdict"),
        ("- just text", 1, "dictionary"),
    ],
)
def test_a_file_that_holds_no_cases_is_told_with_its_line(cases, text: str, line: int, told: str) -> None:
    file = cases(text)
    found = adp("test", file)
    assert found.exit_code == 1
    assert f"{file}:{line}: " in str(found.exception)
    assert told in str(found.exception)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = adp("test", str(tmp_path / "none.yaml"))
    assert found.exit_code == 1
    assert "none.yaml: cases cannot be read" in str(found.exception)
