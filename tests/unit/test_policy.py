"""What the policies decide: the shipped ones, an owner's, and what they need to know to say yes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.core.approval import Decision as Vote
from agents.core.errors import ConfigError
from agents.core.policy import POLICIES, Decision, Policy, Request, Votes, combined
from platform_defs.policy_cases import run_cases

CASES = sorted((Path(__file__).parents[1] / "policies").glob("*.yaml"))
SHIPPED = Policy()
OUTCOMES = [outcome for file in CASES for outcome in run_cases(SHIPPED, file)]
ANYTHING = '@id("anything") permit (principal, action, resource);'


def request(effect: str = "write_data", environment: str = "prod", **more: Any) -> Request:
    return Request("pipeline", effect, environment, "run", **more)  # type: ignore[arg-type]


def policy(folder: Path, *texts: str) -> Policy:
    """The shipped rules and these."""
    (folder / "default.cedar").write_text((POLICIES / "default.cedar").read_text())
    (folder / "own.cedar").write_text("\n".join(texts))
    return Policy(folder)


def example(name: str) -> str:
    """A rule of the examples, with its comment signs taken away."""
    text = (POLICIES / "examples.cedar").read_text()
    found = re.search(rf'^// @id\("{name}"\)\n(?:^//.*\n)*?^//.*;$', text, re.MULTILINE)
    assert found
    return re.sub(r"^// ?", "", found.group(), flags=re.MULTILINE)


def when(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.case.name)
def test_the_shipped_policies_decide_as_their_cases_say(outcome: Any) -> None:
    assert outcome.misses == ()


def test_every_shipped_rule_decides_a_case() -> None:
    assert set(SHIPPED.names) <= {rule for outcome in OUTCOMES for rule in outcome.decision.rules}


@pytest.mark.parametrize("effect", ["teleport", "", "Read", "write_data\n"])
def test_an_effect_that_nobody_knows_is_denied(effect: str) -> None:
    assert SHIPPED.decide(request(effect)).verdict == "deny"


@pytest.mark.parametrize("name", ["zoë", 'a"b', "line\nbreak", "\x00", "", "Person::x", "名前"])
def test_any_name_can_be_asked_about(name: str) -> None:
    asked = Request(name, "write_data", "prod", "run", asset=f"gold/{name}")
    assert SHIPPED.decide(asked).verdict == "ask"


def test_agents_never_approve_whatever_an_owner_permits(tmp_path: Path) -> None:
    open_to_all = policy(tmp_path, ANYTHING)
    for environment in ("dev", "prod"):
        asked = request("approve", environment, approvals=Votes(9, frozenset({"platform"})))
        assert open_to_all.decide(asked) == Decision("deny", ("agents-never-approve",))
    assert open_to_all.decide(request("approve", person=True)).verdict == "allow"


def test_an_owner_says_who_may_approve(tmp_path: Path) -> None:
    rule = """@id("critical-is-for-leads") forbid (principal, action == Action::"approve", resource)
    when { context.risk == "critical" } unless { context.groups.contains("leads") };"""
    found = policy(tmp_path, rule)
    one, lead = Votes(1), Votes(1, frozenset({"leads"}))
    anna = request("approve", person=True, risk="critical", approvals=one)
    assert found.decide(anna) == Decision("deny", ("critical-is-for-leads",))
    assert found.decide(request("approve", person=True, risk="critical", approvals=lead)).verdict == "allow"


def test_an_owner_s_folder_replaces_the_shipped_policies(tmp_path: Path) -> None:
    (tmp_path / "ours.cedar").write_text('@id("ours") permit (principal, action == Action::"read", resource);')
    ours = Policy(tmp_path)
    assert ours.names == ("ours",)
    assert ours.decide(request("read", "prod")) == Decision("allow", ("ours",))
    assert ours.decide(request("write_data", "dev")) == Decision("deny")


def test_a_forbid_of_the_owner_beats_every_permit(tmp_path: Path) -> None:
    found = policy(
        tmp_path, '@id("no") forbid (principal, action, resource) when { context.tool == "tables.compact" };'
    )
    asked = Request("pipeline", "write_data", "dev", "tables.compact")
    assert found.decide(asked) == Decision("deny", ("no",))
    assert found.decide(request("write_data", "dev")).verdict == "allow"


# What it would take


@pytest.mark.parametrize(
    ("condition", "quorum", "groups"),
    [
        ("context.approvals >= 4", 4, set[str]()),
        ("context.approvals > 4", 5, set[str]()),
        ("5 <= context.approvals", 5, set[str]()),
        ("!(context.approvals < 7)", 7, set[str]()),
        ('context.groups.contains("sre")', 1, {"sre"}),
        ('context.groups.containsAll(["sre", "data", "legal"])', 1, {"sre", "data", "legal"}),
        ('context.groups.contains("sre") && context.approvals >= 3', 3, {"sre"}),
        ('context.groups.containsAll(["sre"]) || context.groups == ["nobody"]', 1, {"sre"}),
        ('(context.risk == "low" && context.approvals >= 2) || context.approvals >= 60', 2, set[str]()),
    ],
)
def test_the_fewest_approvals_are_found_in_the_rules(
    tmp_path: Path, condition: str, quorum: int, groups: set[str]
) -> None:
    found = policy(tmp_path, f'@id("more") forbid (principal, action, resource) unless {{ {condition} }};')
    decision = found.decide(request("write_data", "dev"))
    assert decision == Decision(
        "ask", ("more", "anyone-builds-outside-production"), quorum, frozenset(groups), waiting=False
    )
    enough = Votes(quorum, frozenset(groups))
    assert found.decide(request("write_data", "dev", approvals=enough)).verdict == "allow"


def test_one_of_several_groups_is_enough_where_the_rule_says_any(tmp_path: Path) -> None:
    rule = '@id("any") forbid (principal, action, resource) unless { context.groups.containsAny(["a", "b"]) };'
    found = policy(tmp_path, rule)
    decision = found.decide(request("write_data", "dev"))
    assert (decision.quorum, len(decision.groups)) == (1, 1)
    for group in ("a", "b"):
        asked = request("write_data", "dev", approvals=Votes(1, frozenset({group})))
        assert found.decide(asked).verdict == "allow"


def test_what_no_approval_lifts_is_denied_and_only_that_is_named(tmp_path: Path) -> None:
    rule = '@id("never") forbid (principal, action, resource == Environment::"prod") when { context.blast_radius > 9 };'
    decision = policy(tmp_path, rule).decide(request(risk="critical", blast_radius=10))
    assert decision == Decision("deny", ("never",))


def test_what_a_run_needs_is_the_most_that_any_part_of_it_needs() -> None:
    ask = Decision("ask", ("a",), 1, frozenset({"x"}))
    more = Decision("ask", ("b", "a"), 2, frozenset({"y"}))
    allow, deny, wait = Decision("allow", ("c",)), Decision("deny", ("d",)), Decision("ask", ("e",), waiting=True)
    assert combined([allow, ask, more]) == Decision("ask", ("a", "b"), 2, frozenset({"x", "y"}))
    assert combined([ask, deny, allow]) == deny
    assert combined([allow, wait]) == wait
    assert combined([ask, wait]) == Decision("ask", ("a", "e"), 1, frozenset({"x"}))
    assert combined([allow, allow]) == allow
    assert combined([]).verdict == "deny"


def test_what_it_needs_is_said_in_words() -> None:
    assert Decision("ask", (), 1).needs == "one approval"
    assert Decision("ask", (), 2, frozenset({"platform", "governance"})).needs == (
        "2 approvals, from governance and platform"
    )
    assert Decision("allow").needs == ""


def test_a_person_counts_once_and_a_rejection_does_not() -> None:
    votes = [
        Vote("anna", "approve", frozenset({"platform"}), 1.0),
        Vote("anna", "approve", frozenset({"platform"}), 2.0),
        Vote("berta", "reject", frozenset({"governance"}), 3.0),
    ]
    assert Votes.of(votes) == Votes(1, frozenset({"platform"}))


# Time


FREEZE = ("2026-12-22T23:59:59", "2026-12-23T00:00:00", "2027-01-03T23:59:59", "2027-01-04T00:00:00")


@pytest.mark.parametrize(("at", "frozen"), zip(FREEZE, (False, True, True, False), strict=True))
def test_in_a_freeze_what_is_approved_waits(tmp_path: Path, at: str, frozen: bool) -> None:
    found = policy(tmp_path, example("holiday-freeze"))
    approved = found.decide(request(approvals=Votes(1), at=when(at)))
    assert approved.verdict == ("ask" if frozen else "allow")
    assert approved.waiting is frozen
    assert ("holiday-freeze" in approved.rules) is frozen


def test_in_a_freeze_people_are_asked_as_always(tmp_path: Path) -> None:
    decision = policy(tmp_path, example("holiday-freeze")).decide(request(at=when(FREEZE[1])))
    assert decision == Decision("ask", ("holiday-freeze", "production-needs-an-approval"), 1)
    forbidden = request(pii="unmasked", at=when(FREEZE[1]))
    assert policy(tmp_path, example("holiday-freeze")).decide(forbidden).verdict == "deny"


def test_approvals_can_lift_a_freeze_where_the_rule_says_so(tmp_path: Path) -> None:
    found = policy(tmp_path, example("freeze-but-for-emergencies"))
    decision = found.decide(request(approvals=Votes(1), at=when(FREEZE[1])))
    assert (decision.verdict, decision.quorum, decision.groups) == ("ask", 2, frozenset({"on-call"}))
    assert not decision.waiting
    enough = Votes(2, frozenset({"on-call"}))
    assert found.decide(request(approvals=enough, at=when(FREEZE[1]))).verdict == "allow"


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-20T06:59:59", False),
        ("2026-11-20T07:00:00", True),
        ("2026-11-20T15:59:59", True),
        ("2026-11-20T16:00:00", False),
        ("2026-11-21T10:00:00", False),
        ("2026-11-22T10:00:00", False),
        ("2026-11-23T10:00:00", True),
    ],
)
def test_outside_working_hours_releases_wait_and_refreshes_go_on(tmp_path: Path, at: str, open_: bool) -> None:
    found = policy(tmp_path, example("release-in-working-hours"))
    release = found.decide(request("write_spec", approvals=Votes(1), at=when(at)))
    assert (release.verdict, release.waiting) == (("allow", False) if open_ else ("ask", True))
    assert found.decide(request("write_data", approvals=Votes(1), at=when(at))).verdict == "allow"


def test_the_time_is_now_where_none_is_given_and_utc_whatever_zone_it_is_told_in(tmp_path: Path) -> None:
    past = '@id("over") forbid (principal, action, resource) when { context.now >= datetime("2026-01-01") };'
    assert policy(tmp_path, past).decide(request("read")).waiting
    late = '@id("late") forbid (principal, action, resource) when { context.hour >= 20 };'
    berlin = datetime.fromisoformat("2026-06-01T21:30:00+02:00")
    assert policy(tmp_path, late).decide(request("read", at=berlin)).verdict == "allow"


# Reach and ownership


@pytest.mark.parametrize(
    ("radius", "verdict", "groups"), [(50, "ask", ()), (51, "ask", ("platform",)), (501, "deny", ())]
)
def test_the_example_for_reach(tmp_path: Path, radius: int, verdict: str, groups: tuple[str, ...]) -> None:
    found = policy(tmp_path, example("wide-changes-need-the-platform-team"), example("too-wide"))
    decision = found.decide(request(blast_radius=radius))
    assert (decision.verdict, decision.groups) == (verdict, frozenset(groups))


def test_the_example_for_what_a_domain_owns(tmp_path: Path) -> None:
    found = policy(tmp_path, example("finance-approves-finance"))
    assert found.by_asset
    assert not SHIPPED.by_asset
    assert found.decide(request(asset="gold/finance_margin")).groups == {"finance"}
    assert found.decide(request(asset="gold/sales")).groups == set()


def test_the_example_for_one_agent(tmp_path: Path) -> None:
    found = policy(tmp_path, example("mlops-stays-in-dev"))
    assert found.decide(Request("mlops", "write_data", "staging", "run")).verdict == "deny"
    assert found.decide(Request("mlops", "write_data", "dev", "run")).verdict == "allow"
    assert found.decide(Request("pipeline", "write_data", "staging", "run")).verdict == "allow"


def test_the_examples_do_nothing_as_they_are_shipped() -> None:
    assert not [name for name in SHIPPED.names if name in (POLICIES / "examples.cedar").read_text()]


def test_facts_that_a_rule_compares_reach_it(tmp_path: Path) -> None:
    rule = """@id("dear") forbid (principal, action, resource)
    when { context has monthly_usd && context.monthly_usd > 100 && !context.reversible };"""
    found = policy(tmp_path, rule)
    assert found.decide(request("read", monthly_usd=100.2, reversible=False)).rules == ("dear",)
    assert found.decide(request("read", monthly_usd=100.0, reversible=False)).verdict == "allow"
    assert found.decide(request("read", monthly_usd=100.2)).verdict == "allow"
    assert found.decide(request("read", reversible=False)).verdict == "allow"


@pytest.mark.parametrize("usd", [float("nan"), float("inf"), 1e30])
def test_a_cost_that_is_no_number_is_over_every_budget(tmp_path: Path, usd: float) -> None:
    assert SHIPPED.decide(request(monthly_usd=usd, budget_usd=300)).rules == ("nothing-over-its-budget",)
    rule = """@id("dear") forbid (principal, action, resource)
    when { context has monthly_usd && context.monthly_usd > 100 };"""
    assert policy(tmp_path, rule).decide(request("read", monthly_usd=usd)).rules == ("dear",)


def test_a_rule_that_compares_the_whole_context_sees_all_of_it(tmp_path: Path) -> None:
    rule = """@id("odd") forbid (principal, action, resource)
    when { {"all": context, "tool": ""} == {"all": context, "tool": context.tool} };"""
    found = policy(tmp_path, rule)
    assert found.decide(Request("pipeline", "read", "dev", "")).rules == ("odd",)
    assert found.decide(Request("pipeline", "read", "dev", "specs.read")).verdict == "allow"


def test_a_policy_that_fails_on_a_request_lets_nothing_pass(tmp_path: Path) -> None:
    rule = """@id("sum") forbid (principal, action, resource)
    when { context.blast_radius * 9223372036854775807 > 1 };"""
    found = policy(tmp_path, rule)
    assert found.decide(request("read", blast_radius=0)).verdict == "allow"
    with pytest.raises(ConfigError, match="overflow") as caught:
        found.decide(request("read", blast_radius=2))
    assert str(tmp_path) in str(caught.value)
