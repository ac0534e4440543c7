"""The evidence card: what an approver sees of a held request, and what it says where nobody knows."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.catalog import TableId
from agents.tools.evidence import Known, card_of, decided_card
from agents.tools.releases import release_digests
from resources.spec_releases import Release, record_name, releases_text
from tests.unit.evidence_world import (
    ANNA,
    BY_DAY,
    ORDERS,
    World,
    add_prod,
    charts,
    refresh,
    row,
    table_rows,
)

PROD_ORDERS = "prod/bronze/orders"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A deployment whose dev tables were built once."""
    world = World(tmp_path_factory.mktemp("built"))
    world.dev.product(ORDERS + BY_DAY)
    assert world.dev.run("dev/bronze/orders", "dev/gold/orders_by_day").success
    return world


@pytest.fixture
def world(built: World, tmp_path: Path) -> World:
    """One of its own for each test, with the tables built and their runs."""
    shutil.copytree(built.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, built.instance)


def test_the_first_line_says_what_and_how_risky_and_the_rest_who_when_and_why(world: World) -> None:
    goal = world.platform.store.create_goal("Orders into production, daily", "prod", "dora", None, "run")
    run = world.promotion("bronze/orders", goal=goal.id)
    request = world.held(run)
    card = card_of(world.platform, request, known=Known())
    first = card.splitlines()[0]
    assert first.startswith(f"## ![{request.risk.level.upper()} RISK](data:image/svg+xml;base64,")
    assert first.endswith("promote `bronze/orders` to `prod`")
    assert all(reason in card for reason in request.risk.reasons)
    assert row(card, "asked by") == f"asked by | dora for {goal.id}: Orders into production, daily"
    wanted = row(card, "who must approve")
    assert all(rule in wanted for rule in request.rules)
    assert "1 approval" in wanted
    assert request.digest in row(card, "digest")
    assert "no answer means no" in card


def test_a_table_that_is_new_in_prod_shows_what_dev_has_of_it(world: World) -> None:
    card = world.card(world.promotion("bronze/orders"))
    cells = row(card, PROD_ORDERS)
    assert "new" in cells
    assert "none → 100" in cells
    assert "1 of 2 passed, failed: amount_between" in cells
    assert "nothing yet; in dev 1: dev/gold/orders_by_day" in cells
    assert "+source.table: orders" in card
    assert "+rule expect_column_values_to_not_be_null(column=order_id): block" in card
    assert "prod/bronze/orders is new: emptied" in row(card, "the way back")


def test_a_change_of_what_prod_runs_is_a_diff_of_the_two_specs(world: World) -> None:
    pins, (product, entry) = world.platform.releases("prod"), world.platform.specs.find("bronze/orders") or ("", {})
    former = {**entry, "environments": ["prod"], "schedule": "0 4 * * *"}
    pins.apply(pins.plan_change(product, "bronze/orders", former), "G-1", "deployment")
    add_prod(world, "bronze/orders", 40)
    card = world.card(world.promotion("bronze/orders"))
    assert "changed (+1 −1)" in row(card, PROD_ORDERS)
    assert "40 → 100" in row(card, PROD_ORDERS)
    diff = card.split("```diff")[1].split("```")[0].split("\n")
    assert [line for line in diff if line[:1] in "+-" and line] == ["-schedule: 0 4 * * *", "+schedule: 0 2 * * *"]
    assert "prod/bronze/orders version 0" in row(card, "the way back")


def test_pictures_hold_rows_size_and_cost_and_say_so_in_words_too(world: World) -> None:
    add_prod(world, "bronze/orders", 40)
    card = world.card(world.promotion("bronze/orders", "gold/orders_by_day"), world.priced())
    told = dict(charts(card))
    rows = next(alt for alt in told if alt.startswith("Rows"))
    assert "bronze/orders 40 / 100; gold/orders_by_day none / 28" in rows
    assert all(word in told[rows] for word in ("Rows", "bronze/orders", "40", "100", "none", "28"))
    assert any(alt.startswith("Size") for alt in told)
    assert any(alt.startswith("Cost") for alt in told)


def test_cost_says_what_it_rests_on_and_which_price_nobody_set(world: World) -> None:
    run = world.promotion("bronze/orders")
    unpriced = row(world.card(run), "cost a month")
    assert "USD not known: no price is set (settings price_compute_hour, price_storage_gb_month)" in unpriced
    assert "0 runs" in unpriced
    assert "30 runs" in unpriced
    request = replace(world.held(run), facts=Facts(budget_usd=5.0))
    known = replace(world.known(PROD_ORDERS), seconds={"dev/bronze/orders": 3600.0})
    priced = row(card_of(world.priced(compute=2.0, storage=0.0), request, known=known), "cost a month")
    assert "0.00 → 60.88 USD, budget 5.00 USD" in priced
    assert "30 runs, 30.4 h" in priced


def test_personal_data_is_declared_guessed_from_names_or_not_known(world: World) -> None:
    card = world.card(world.promotion("bronze/orders", "gold/orders_by_day"))
    assert "declared none; no column's name suggests any" in row(card, PROD_ORDERS)
    assert "not known; names suggest customer_email" in row(card, "prod/gold/orders_by_day")
    assert "not known: no tag pii says it" in row(card, "personal data")
    unmasked = world.card(replace(world.promotion("gold/orders_by_day", pii="masked"), run_id="run-2"))
    assert row(unmasked, "personal data") == "personal data | masked: readers have masked views"


def test_evidence_that_is_missing_is_said_with_its_reason(world: World) -> None:
    add_prod(world, "bronze/orders", 40)
    shutil.rmtree(Path(world.open_lake.uri(TableId("dev", "gold", "orders_by_day"))))
    log = Path(world.open_lake.uri(TableId("prod", "bronze", "orders"))) / "_delta_log"
    (log / f"{0:020d}.json").write_text("{broken")
    request = world.held(world.promotion("bronze/orders", "gold/orders_by_day"))
    card = card_of(world.platform, request, known=Known())
    assert "not known → 100" in row(card, PROD_ORDERS)
    said = card.split("**Not known, and to doubt**")[1]
    assert "rows and size now: the prod lake cannot be read" in said
    assert "checks below: the loaded definitions have no dev/bronze/orders" in said
    assert "⚠ `prod/gold/orders_by_day`: it was never built in dev" in said
    assert "the lake cannot be read" in row(card, "the way back")


def test_a_spec_that_was_edited_after_it_was_asked_for_is_not_what_the_digest_covers(world: World) -> None:
    request = world.held(world.promotion("bronze/orders"))
    world.dev.product((ORDERS + BY_DAY).replace("0 2 * * *", "* * * * *"))
    card = card_of(world.platform, request, known=Known())
    assert "⚠" in row(card, PROD_ORDERS)
    assert "what is shown is not what the digest covers" in card


def test_what_a_person_overrode_holds_for_the_pin_that_is_shown(world: World) -> None:
    world.dev.product(ORDERS.replace("key: [order_id]", "key: [order_id]\n  override: {version: {prod: 3}}") + BY_DAY)
    run = world.promotion("bronze/orders")
    assert run.effects.assets == release_digests(world.platform, run.effects.steps)
    card = world.card(run)
    assert "+override.version.prod: 3" in card
    assert "what is shown is not what the digest covers" not in card


def test_a_rollback_shows_the_spec_and_the_version_it_goes_back_to(world: World) -> None:
    pins, (product, entry) = world.platform.releases("prod"), world.platform.specs.find("bronze/orders") or ("", {})
    pins.apply(pins.plan_change(product, "bronze/orders", {**entry, "environments": ["prod"]}), "G-2", "deployment")
    former = {**entry, "environments": ["prod"], "schedule": "0 4 * * *"}
    record = releases_text({"bronze/orders": [Release("G-2", "sha256:1", former, 4)]})
    pins.path(product).with_name(record_name("prod")).write_text(record)
    steps = ({"agent": "deployment", "action": "rollback", "inputs": {"assets": ["bronze/orders"]}},)
    effects = Effects("prod", ("write_spec", "write_data"), release_digests(world.platform, steps), steps)
    card = world.card(RunFacts("run-1", "workflow", effects, Requester("dora", True)))
    assert "roll back `bronze/orders` in `prod`" in card.splitlines()[0]
    assert "the table goes back to version 4" in row(card, PROD_ORDERS)
    assert "-schedule: 0 2 * * *\n+schedule: 0 4 * * *" in card
    assert "what is shown is not what the digest covers" not in card


def test_a_refresh_says_under_which_request_its_spec_was_approved(world: World) -> None:
    live = (ORDERS + BY_DAY).replace("key: [order_id]", "key: [order_id]\n  environments: [dev, prod]")
    world.dev.product(live)
    run = refresh({PROD_ORDERS: world.digest("bronze/orders")})
    first = world.held(run)
    assert "never approved" in row(card_of(world.platform, first, known=Known()), PROD_ORDERS)
    world.platform.approvals.decide(first.id, "approve", ANNA)

    world.platform.approvals.revoke(first.id, "anna@example.org", "again, please")
    again = card_of(world.platform, world.held(replace(run, run_id="run-2")), known=Known())
    assert f"unchanged; as approved in {first.id}" in row(again, PROD_ORDERS)
    assert "```diff" not in again

    world.dev.product(live.replace("0 2 * * *", "0 3 * * *"))
    changed = refresh({PROD_ORDERS: world.digest("bronze/orders")}, "run-3")
    card = card_of(world.platform, world.held(changed), known=Known())
    assert f"changed; was another when approved in {first.id}" in row(card, PROD_ORDERS)
    assert " schedule: 0 3 * * *" in card


def test_of_many_tables_the_ones_that_change_are_shown_and_the_others_counted(world: World) -> None:
    names = [f"t{n:02d}" for n in range(30)]
    same = "".join(f"- {{name: {n}, layer: silver, sql: SELECT 1 AS a, environments: [dev, prod]}}\n" for n in names)
    world.dev.product(ORDERS + BY_DAY + same)
    for name in names:
        table = TableId("prod", "silver", name)
        world.open_lake.append(table, world.open_lake.read(TableId("dev", "gold", "orders_by_day")))
    loaded = world.held(refresh({f"prod/silver/{name}": world.digest(f"silver/{name}") for name in names}, "run-0"))
    world.platform.approvals.decide(loaded.id, "approve", ANNA)
    card = world.card(world.promotion("bronze/orders", *(f"silver/{name}" for name in names)))
    assert table_rows(card)[1][0] == PROD_ORDERS
    assert "21 further tables" in card
    assert "promote 31 tables to `prod`" in card
    assert "21 further tables not counted" in row(card, "cost a month")


def test_a_long_spec_is_cut_and_says_how_much_is_left_out(world: World) -> None:
    columns = ",\n    ".join(f"amount + {n} AS column_{n}" for n in range(200))
    world.dev.product(ORDERS + f"- name: wide\n  layer: gold\n  sql: |\n    SELECT {columns}\n    FROM bronze.orders\n")
    card = world.card(world.promotion("gold/wide"))
    assert "# 170 more lines left out: see sales/defs.yaml" in card
    assert len(card.splitlines()) < 80


def test_what_nobody_can_classify_is_named_and_covers_one_run(world: World) -> None:
    effects = Effects(
        "prod", ("external",), config={"ops": {"x": {"config": {"password": "hunter2"}}}}, unknown=("op x",)
    )
    card = world.card(RunFacts("run-9", "theirs", effects, Requester("", False)))
    assert "run what nobody can classify" in card.splitlines()[0]
    assert row(card, "cannot be classified") == "cannot be classified | op x"
    assert "hunter2" not in card
    assert row(card, "approving covers") == "approving covers | one run of exactly this"
    assert "nobody (nothing vouches for this name)" in row(card, "asked by")
    assert "cannot be taken back: external" in row(card, "the way back")


def test_accepted_repairs_are_named_with_where_to_look_and_how_they_are_undone(world: World) -> None:
    inputs = {"asset": "bronze/orders", "proposals": "P-1", "cells": {"amount": 3}}
    step = {"agent": "quality", "action": "accept", "inputs": inputs}
    effects = Effects("dev", ("delete", "write_data"), {"dev/bronze/orders": "sha256:1"}, (step,))
    card = world.card(RunFacts("run-9", "theirs", effects, Requester("ada", True)))
    assert "amount: 3 cells" in row(card, "repairs")
    assert "adp quality proposals bronze/orders --proposals P-1" in row(card, "look at them")
    assert "adp quality undo bronze/orders" in row(card, "the way back")
    assert "cannot be taken back" not in card
    odd = {"agent": "quality", "action": "accept", "inputs": {"asset": "`<b>`", "cells": [1]}}
    assert "not said" in row(
        world.card(RunFacts("r", "t", replace(effects, steps=(odd,)), Requester("a", True))), "repairs"
    )


def test_an_asset_written_in_python_has_its_source_in_the_repository(world: World) -> None:
    card = world.card(refresh({"prod/gold/by_hand": "sha256:1"}))
    assert "not known" in row(card, "prod/gold/by_hand")
    assert "it has no spec: code in the repository makes it" in card


def test_a_decided_request_says_who_said_what(world: World) -> None:
    request = world.held(world.promotion("bronze/orders"))
    world.platform.approvals.decide(request.id, "reject", ANNA, note="not before [the audit](http://x.example)")
    card = decided_card(world.platform.approvals.request(request.id))
    assert card.startswith(f"## {request.id} is rejected: promote `bronze/orders` to `prod`")
    cells = row(card, "anna@example.org")
    assert "reject" in cells
    assert "not before [the audit](http://x.example)" in cells
    assert request.digest in card


def test_a_card_holds_no_value_of_a_row(world: World) -> None:
    rule = (
        "    - {type: expect_column_values_to_be_in_set, kwargs: {column: status, value_set: [anna smith, ben lee]}}\n"
    )
    world.dev.product(ORDERS + rule)
    card = world.card(world.promotion("bronze/orders"))
    assert "value_set=2 values #" in card
    assert "anna" not in json.dumps(card)
