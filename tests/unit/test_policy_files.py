"""Policies that are wrong stop everything, and say where; policies that changed are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.core.errors import ConfigError
from agents.core.policy import POLICIES, Policy

GOOD = '@id("good") permit (principal, action == Action::"read", resource);\n'


def refused(folder: Path, text: str) -> str:
    (folder / "good.cedar").write_text(GOOD)
    (folder / "own.cedar").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Policy(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("permit (principal, action ==", "1:29", "unexpected end of input"),
        ("// one\n\npermit (principal, action, resource) when { context.hour = 3 };", "3:58", "="),
        ("permit (principal, action, resource);\npermit (principal, action, ;", "2:28", "unexpected token `;`"),
        ("permit (principal, action, resource)\nforbid (principal, action, resource);", "2:8", "unexpected token `(`"),
        ("permit (principal, action, resource)\n  whn { true };", "2:3", "whn"),
        ("permit (\n  principal,\n  action == Action::read,\n  resource);", "3:13", "Action::read"),
        ('// a "comment; with (things\n@id("a;b")\npermit (principal, action, resorce);', "3:28", "resorce"),
        ('@id("open)\npermit (principal, action, resource);', "1:5", "invalid token"),
        ("permit (principal, action, resource) when { magic(1) };", "1:45", "magic"),
        ("permit (principal, action, resource) when { 1 + };", "1:49", "unexpected token `}`"),
        ("stray", "1:6", "unexpected end of input"),
    ],
)
def test_a_policy_that_does_not_parse_is_refused_with_line_and_column(
    tmp_path: Path, text: str, place: str, told: str
) -> None:
    message = refused(tmp_path, text)
    assert f"own.cedar:{place}: policy does not parse" in message
    assert told in message


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ('\npermit (principal, action == Action::"teleport", resource);', "2:30", "teleport"),
        ("permit (principal, action, resource) when { context.aproved };", "1:53", "aproved"),
        (
            GOOD.replace("good", "x") + "forbid (principal, action, resource)\nwhen { context.aproved };",
            "3:16",
            "aproved",
        ),
        ('permit (principal, action, resource) when { context.asset == "gold/x" };', "1:53", "optional attribute"),
        ('permit (principal == Robot::"r2", action, resource);', "1:22", "Robot"),
        ('permit (principal, action, resource) when { context.approvals >= "2" };', "1:1", "expected Long"),
        ('permit (principal, action, resource) when { context.now > datetime("yesterday") };', "1:68", "yesterday"),
        # What would never apply, and nobody would notice:
        ('forbid (principal, action, resource == Environment::"Prod");', "1:40", 'no `Environment::"Prod"`'),
        ('forbid (principal, action, resource) when { context.pii == "unmaskd" };', "1:60", 'never "unmaskd"'),
        ('forbid (principal, action, resource)\nwhen { "hihg" != context.risk };', "2:8", "low, medium, high"),
        (
            'forbid (principal, action, resource) when { context has layer && context.layer == "golden" };',
            "1:83",
            "bronze, silver, gold",
        ),
    ],
)
def test_a_policy_that_the_schema_does_not_allow_is_refused_with_line_and_column(
    tmp_path: Path, text: str, place: str, told: str
) -> None:
    message = refused(tmp_path, text)
    assert f"own.cedar:{place}: policy is not valid" in message
    assert told in message


def test_two_rules_cannot_have_one_name(tmp_path: Path) -> None:
    assert ":1:5: two policies have the id 'good'" in refused(tmp_path, GOOD)


def test_a_rule_without_an_id_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text("permit (principal, action, resource);\n" + GOOD)
    assert Policy(tmp_path).names == ("own.cedar#1", "good")


def test_a_template_is_refused(tmp_path: Path) -> None:
    assert "?principal" in refused(tmp_path, "permit (principal == ?principal, action, resource);")


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "only_comments.cedar").write_text("// nothing here\n")
    with pytest.raises(ConfigError, match="nothing would be allowed"):
        Policy(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        Policy(tmp_path / "missing")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_bytes(b"\xff\xfe\x00permit")
    with pytest.raises(ConfigError, match=r"own\.cedar: policy cannot be read"):
        Policy(tmp_path)


def test_the_schema_is_the_platform_s_whatever_lies_beside_the_policies(tmp_path: Path) -> None:
    (tmp_path / "platform.cedarschema").write_text("entity Nothing;")
    (tmp_path / "own.cedar").write_text(GOOD)
    assert Policy(tmp_path).names == ("good",)


def test_the_stamp_tells_that_policies_changed(tmp_path: Path) -> None:
    own = tmp_path / "own.cedar"
    own.write_text(GOOD)
    loaded = Policy(tmp_path)
    assert loaded.stamp == Policy.stamp_of(tmp_path) == Policy(tmp_path).stamp
    own.write_text(GOOD.replace("read", "spend"))
    changed = Policy.stamp_of(tmp_path)
    assert changed != loaded.stamp
    (tmp_path / "more.cedar").write_text("")
    assert Policy.stamp_of(tmp_path) not in (changed, loaded.stamp)
    assert Policy().stamp == Policy.stamp_of(POLICIES)
