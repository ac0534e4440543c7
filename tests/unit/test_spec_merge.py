"""Who owns what in a spec: field by field, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from assets.kinds.spec import Rule
from resources.spec_merge import Merged, Owned, merge, rule_identity, same


def rule(column: str, action: str = "alert", **kwargs: Any) -> dict[str, Any]:
    return {"type": "expect_x", "kwargs": {"column": column, **kwargs}, "meta": {"action": action}}


def wrote(entry: dict[str, Any], agent: str = "pipeline") -> Merged:
    return merge(Owned(), None, entry, agent)


def actions(merged: Merged) -> dict[str, tuple[str, str]]:
    return {edit.path: (edit.action, edit.reason) for edit in merged.edits}


ENTRY = {"name": "t", "layer": "bronze", "source": {"connection": "c", "mode": "full"}, "schedule": "0 2 * * *"}


def test_an_agent_may_change_what_an_agent_wrote() -> None:
    first = wrote(ENTRY)
    merged = merge(first.owned, first.entry, {"source": {"connection": "c", "mode": "incremental"}}, "pipeline")
    assert merged.entry == {**ENTRY, "source": {"connection": "c", "mode": "incremental"}}
    assert actions(merged) == {"source/mode": ("set", "was written by pipeline")}


def test_the_same_desired_twice_changes_nothing() -> None:
    first = wrote({**ENTRY, "rules": [rule("a"), rule("b")], "tags": {}, "key": [], "owners": None})
    assert first.entry == {**ENTRY, "rules": [rule("a"), rule("b")]}
    assert not merge(first.owned, first.entry, {**ENTRY, "rules": [rule("a"), rule("b")]}, "pipeline").changed


def test_a_persons_edit_stays_and_is_reported() -> None:
    first = wrote(ENTRY)
    current = {**first.entry, "schedule": "0 9 * * *"}
    merged = merge(first.owned, current, {**ENTRY, "schedule": "0 5 * * *"}, "pipeline")
    assert merged.entry == current
    assert actions(merged) == {"schedule": ("kept", "edited by a person")}
    assert not merged.changed
    again = merge(merged.owned, current, {**ENTRY, "schedule": "0 6 * * *"}, "pipeline")
    assert again.entry == current


def test_what_stood_there_before_any_agent_is_a_persons() -> None:
    merged = merge(Owned(), ENTRY, {"schedule": "0 5 * * *", "freshness_hours": 26}, "pipeline")
    assert merged.entry == {**ENTRY, "freshness_hours": 26}
    assert actions(merged) == {"schedule": ("kept", "written by a person"), "freshness_hours": ("set", "new")}


def test_an_agent_that_agrees_with_a_person_does_not_own_the_field() -> None:
    merged = merge(Owned(), ENTRY, ENTRY, "pipeline")
    assert not merged.changed
    assert merge(merged.owned, ENTRY, {"schedule": "0 5 * * *"}, "pipeline").entry == ENTRY


def test_a_field_that_a_person_deleted_stays_deleted() -> None:
    first = wrote(ENTRY)
    current = {key: value for key, value in ENTRY.items() if key != "schedule"}
    merged = merge(first.owned, current, ENTRY, "pipeline")
    assert merged.entry == current
    assert actions(merged) == {"schedule": ("kept", "deleted by a person")}


def test_a_field_that_is_not_named_is_left_alone() -> None:
    first = wrote({**ENTRY, "rules": [rule("a")]})
    assert merge(first.owned, first.entry, {"description": "x"}, "quality").entry == {
        **first.entry,
        "description": "x",
    }


@pytest.mark.parametrize("gone", [None, "", []])
def test_an_agent_takes_back_what_it_wrote_itself(gone: object) -> None:
    first = wrote(ENTRY)
    merged = merge(first.owned, first.entry, {"schedule": gone}, "pipeline")
    assert "schedule" not in merged.entry
    assert merge(first.owned, first.entry, {"schedule": gone}, "quality").entry == ENTRY
    edited = {**ENTRY, "schedule": "0 9 * * *"}
    assert merge(first.owned, edited, {"schedule": gone}, "pipeline").entry == edited
    # Taken back is not deleted by a person: it may come again.
    assert merge(merged.owned, merged.entry, ENTRY, "pipeline").entry["schedule"] == "0 2 * * *"


def test_rules_of_two_agents_live_side_by_side() -> None:
    first = wrote({**ENTRY, "rules": [rule("a"), rule("b")]}, "quality")
    second = merge(first.owned, first.entry, {"rules": [rule("pii")]}, "governance")
    assert second.entry["rules"] == [rule("a"), rule("b"), rule("pii")]
    third = merge(second.owned, second.entry, {"rules": [rule("b")]}, "quality")
    assert third.entry["rules"] == [rule("b"), rule("pii")]
    assert actions(third) == {"rules/expect_x(a)": ("removed", "no longer wanted")}


def test_a_rule_keeps_its_place_when_its_limits_change() -> None:
    first = wrote({**ENTRY, "rules": [rule("a", max_value=1), rule("b")]}, "quality")
    merged = merge(first.owned, first.entry, {"rules": [rule("b"), rule("a", max_value=2)]}, "quality")
    assert merged.entry["rules"] == [rule("a", max_value=2), rule("b")]


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        ([rule("a", max_value=50)], "edited by a person"),
        ([{**rule("a", max_value=1), "meta": {"action": "alert", "muted": True}}], "edited by a person"),
        ([rule("own")], "deleted by a person"),
        (None, "deleted by a person"),
    ],
)
def test_a_rule_that_a_person_touched_stays_so(current: list[Any] | None, reason: str) -> None:
    first = wrote({**ENTRY, "rules": [rule("a", max_value=1)]}, "quality")
    entry = {**ENTRY, **({} if current is None else {"rules": current})}
    for desired in (rule("a", max_value=1), rule("a", max_value=2)):
        merged = merge(first.owned, entry, {"rules": [desired]}, "quality")
        assert merged.entry == entry
        assert actions(merged) == {"rules/expect_x(a)": ("kept", reason)}


def test_a_rule_that_a_person_wrote_is_never_withdrawn() -> None:
    entry = {**ENTRY, "rules": [rule("own")]}
    assert merge(Owned(), entry, {"rules": []}, "quality").entry == entry


def test_an_entry_removed_as_a_whole_is_written_anew_when_asked_for() -> None:
    first = wrote(ENTRY)
    merged = merge(first.owned, None, ENTRY, "pipeline")
    assert merged.entry == ENTRY


@pytest.mark.parametrize(
    "written",
    [
        rule("a"),
        {"type": "t", "kwargs": {"column_list": ["a", "b"], "max_value": 3}, "meta": {"id": "x", "muted": True}},
        {"type": "t", "kwargs": {"unexpected_rows_query": "SELECT 1"}},
        {"type": "t", "kwargs": {"column": "a", "row_condition": {"type": "nullity", "column": {"name": "b"}}}},
        {"type": "t"},
    ],
)
def test_identity_is_that_of_the_spec(written: dict[str, Any]) -> None:
    assert rule_identity(written) == TypeAdapter(Rule).validate_python(written).identity


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [(1, 1.0, True), (1, True, False), ([True], [1], False), ({"a": 1}, {"a": 1.0}, True), ("1", 1, False),
     ([1], [1, 2], False), (None, "", False), (float("inf"), float("inf"), True)],
)  # fmt: skip
def test_equality_of_values(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) is equal


VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text("abc", max_size=2) | st.lists(st.integers(0, 2))
ENTRIES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), VALUES | st.dictionaries(st.sampled_from("xy"), VALUES, max_size=2)
)


@given(ENTRIES, ENTRIES, ENTRIES)
def test_merging_twice_is_merging_once_and_people_lose_nothing(
    old: dict[str, Any], current: dict[str, Any], new: dict[str, Any]
) -> None:
    owned = wrote(old).owned
    once = merge(owned, current, new, "pipeline")
    assert not merge(once.owned, once.entry, new, "pipeline").changed
    for key, value in current.items():
        if not isinstance(value, dict) and not any(path[0] == key for path in owned.fields):
            assert same(once.entry[key], value)
