"""Risk: the worst thing about a run gives the level, and the reasons say what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.core.approval import Effects, Facts
from agents.core.registry import Effect
from agents.core.risk import Level, assess


def effects(environment: str, *named: Effect, unknown: tuple[str, ...] = ()) -> Effects:
    return Effects(environment, named, unknown=unknown)


CLEAN = Facts(pii="none")


@pytest.mark.parametrize(
    ("done", "facts", "level", "reason"),
    [
        (effects("dev", "write_data", "write_spec"), Facts(), "low", ""),
        (effects("prod", "read"), Facts(pii="unmasked"), "low", ""),
        (effects("dev", "write_data"), Facts(pii="unmasked", blast_radius=500), "low", ""),
        (effects("dev", "provision"), CLEAN, "medium", "it spends money on resources"),
        (effects("staging", "delete"), CLEAN, "high", "it deletes in staging"),
        (effects("dev", "write_data"), Facts(reversible=False), "high", "it cannot be taken back"),
        (effects("prod", "write_data"), CLEAN, "medium", "it changes production"),
        (effects("prod", "write_data"), Facts(), "medium", "nobody has looked for personal data"),
        (effects("prod", "write_data"), Facts(pii="masked"), "high", "it holds personal data, masked"),
        (effects("prod", "write_data"), Facts(pii="unmasked"), "critical", "personal data is not masked"),
        (effects("prod", "write_data"), Facts(pii="none", blast_radius=9), "medium", "it changes production"),
        (effects("prod", "write_data"), Facts(pii="none", blast_radius=10), "high", "10 assets depend on it"),
        (effects("prod", "write_data"), Facts(pii="none", blast_radius=1_000), "critical", "1,000 assets depend on it"),
        (effects("prod", "spend"), CLEAN, "high", "it spends money on resources"),
        (effects("prod", "delete"), CLEAN, "critical", "it deletes in prod"),
        (effects("prod", "write_data"), Facts(pii="none", reversible=False), "critical", "it cannot be taken back"),
        (effects("prod", "external", unknown=("op x",)), CLEAN, "critical", "nobody can classify op x"),
        (
            effects("dev", "provision"),
            Facts(monthly_usd=500.5, budget_usd=300),
            "high",
            "500.50 USD a month are more than the budget of 300.00",
        ),
        (effects("dev", "provision"), Facts(monthly_usd=1_000), "high", "it costs 1,000.00 USD a month"),
        (effects("dev", "provision"), Facts(monthly_usd=300, budget_usd=300), "medium", "it spends money on resources"),
    ],
)
def test_the_level_and_what_made_it(done: Effects, facts: Facts, level: Level, reason: str) -> None:
    found = assess(done, facts)
    assert found.level == level
    assert (reason in found.reasons) if reason else not found.reasons


def test_a_run_that_brings_its_own_image_or_executor_is_critical() -> None:
    refresh = Effects("prod", ("write_data",), {"prod/bronze/orders": "sha256:1"})
    assert assess(refresh, CLEAN).level == "medium"
    imaged, preloading = replace(refresh, tags={"dagster/image": "other"}), {"execution": {"config": {}}}
    for found in (assess(imaged, CLEAN), assess(replace(refresh, config=preloading), CLEAN)):
        assert found.level == "critical"
        assert "chooses what is executed" in found.reasons[0]
    assert assess(replace(imaged, environment="dev"), CLEAN).level == "low"


def test_what_raised_it_comes_first() -> None:
    facts = Facts(pii="masked", blast_radius=300)
    assert assess(effects("prod", "write_data"), facts).reasons == (
        "300 assets depend on it",
        "it holds personal data, masked",
        "it changes production",
    )
