"""approvers.yaml: what it says counts, and a mistake in it is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.core.errors import ConfigError
from resources.identity_people import Person, read_people

GOOD = """\
people:
  - name: anna@example.org
    groups: [platform, governance]
    roles: [approver]
    aliases: [anna, CORP-anna]
  - {name: Bert, roles: [engineer, approver]}
"""


def test_people_come_as_written(tmp_path: Path) -> None:
    path = tmp_path / "approvers.yaml"
    assert read_people(path) == ()
    path.write_text(GOOD)
    anna, bert = read_people(path)
    assert anna == Person(
        "anna@example.org",
        frozenset({"approver"}),
        frozenset({"platform", "governance"}),
        ("anna", "CORP-anna"),
        source="file",
    )
    assert (bert.roles, bert.groups, bert.aliases) == ({"engineer", "approver"}, frozenset(), ())


@pytest.mark.parametrize("text", ["", "# nobody\n", "people:\n", "people: []\n"])
def test_an_empty_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "approvers.yaml").write_text(text)
    assert read_people(tmp_path / "approvers.yaml") == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("people:\n  - [", 2, "cannot be read as YAML"),
        ("- name: a\n", 1, "expected the fields people"),
        ("peple: []\n", 1, "unknown field 'peple'"),
        ("people: {name: a}\n", 1, "expected a list"),
        ("people:\n  - anna\n", 2, "expected the fields name"),
        ("people:\n  - roles: [approver]\n", 2, "without a name"),
        ("people:\n  - name: anna\n", 2, "without roles"),
        ("people:\n  - name: anna\n    roles: []\n", 2, "without roles"),
        ("people:\n  - name: anna\n    roles: [aprover]\n", 3, "unknown role 'aprover'"),
        ("people:\n  - name: anna\n    roles: approver\n", 3, "expected a list"),
        ("people:\n  - name: anna\n    role: [approver]\n", 3, "unknown field 'role'"),
        ("people:\n  - name: anna\n    roles: [approver]\n    name: bert\n", 4, "stands there twice"),
        ("people:\n  - name: [anna]\n    roles: [approver]\n", 2, "expected a text"),
        ("people:\n  - name:\n    roles: [approver]\n", 2, "expected a text"),
        ("people:\n  - name: an|na\n    roles: [approver]\n", 2, "no name for a person"),
        ("people:\n  - {name: anna, roles: [viewer]}\n  - {name: Anna, roles: [admin]}\n", 3, "can be taken for"),
        ("people:\n  - {name: anna, roles: [viewer]}\n  - {name: \u0430nna, roles: [admin]}\n", 3, "can be taken for"),
        ("people:\n  - {name: a, roles: [viewer]}\n  - {name: b, aliases: [A], roles: [admin]}\n", 3, "can be taken"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "approvers.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_people(path)
    assert said in caught.value.what
    assert caught.value.where == f"{path}:{line}"


def test_a_file_of_another_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "approvers.yaml").write_bytes(b"people: [{name: \xff}]")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_people(tmp_path / "approvers.yaml")
