"""A person at the UI: writes a goal in the Launchpad, watches the run, looks at the table it made."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from resources.inbox import decide_at
from tests.browser import needed, opened
from tests.e2e.conftest import Running
from tests.e2e.people import approver
from tests.e2e.test_approvals import held, moved_on

pytestmark = needed
GOAL = "Load the sales products table every weekday at 6:30 and check its quality"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with opened() as started:
        yield started


def test_from_the_launchpad_to_the_asset_page(running: Running, browser) -> None:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(60_000)
    before = {row.id for row in running.platform.store.goals()}

    page.goto(f"{running.client.url}/locations/agentic-data-platform/jobs/goal/playground")
    editor = page.locator(".CodeMirror").first
    editor.wait_for()
    page.get_by_text("requester:").wait_for()
    page.evaluate(
        "([text]) => document.querySelector('.CodeMirror').CodeMirror.setValue(text)",
        [f"ops:\n  plan:\n    config:\n      goal: {GOAL}\n      requester: chromium\n"],
    )
    page.get_by_text("No errors").wait_for()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile(r"/runs/"))
    page.get_by_text("Finished execution of run").first.wait_for(timeout=120_000)

    new = [row for row in running.platform.store.goals() if row.id not in before]
    made = [row for row in new if row.goal.text == GOAL]  # sensors ask for goals of their own
    assert len(made) == 1
    assert running.wait(made[0].id).status == "live"

    page.goto(f"{running.client.url}/assets/dev/bronze/sales_products")
    page.get_by_text("30 6 * * 1-5").first.wait_for()
    rows = f"{running.outputs(made[0].id, 'quality')[0]['rows']:,}"
    page.get_by_text(rows, exact=True).first.wait_for()
    page.goto(f"{running.client.url}/assets/dev/bronze/sales_products?view=checks")
    page.get_by_text("not_null_product_id").first.wait_for()

    page.goto(f"{running.client.url}/assets/platform/goals?view=partitions&partition={made[0].id}")
    page.get_by_text("[Show Markdown]").first.click()
    page.get_by_role("heading", name="Tables").wait_for()
    assert page.get_by_text("sales_products").count() > 0

    page.goto(f"{running.client.url}/locations/agentic-data-platform/jobs/workflow")
    page.get_by_text("quality").first.wait_for()
    page.close()


def test_a_person_reads_the_evidence_and_approves_in_the_ui(running: Running, browser) -> None:
    goal_id = running.submit("Load the sales products table into production every sunday at noon")
    request = held(running, goal_id)
    who = approver(running.platform)
    run_id = request.runs[0]
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(60_000)

    page.goto(f"{running.client.url}/assets/platform/approvals?view=events&partition={request.id}")
    page.get_by_text("[Show Markdown]").first.click()
    card = page.get_by_role("dialog")
    card.get_by_text("sales_products").first.wait_for()
    assert request.digest[:19] in card.inner_text()
    assert "rollback" in card.inner_text().lower()
    assert card.locator("img").count() > 0, "the charts are shown"

    page.goto(running.client.url + decide_at(request.id))
    editor = page.locator(".CodeMirror").first
    editor.wait_for()
    page.get_by_text("decision:").first.wait_for()
    page.evaluate(
        "([name, code]) => { const c = document.querySelector('.CodeMirror').CodeMirror;"
        " c.setValue(c.getValue().replace(/name: .*/, 'name: ' + name).replace(/code: .*/, `code: '${code}'`)); }",
        [who.name, who.code()],
    )
    page.get_by_text("No errors").wait_for()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile(r"/runs/"))

    deadline = time.monotonic() + 120
    while running.client.status(run_id)[0] == "QUEUED" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert running.client.status(run_id)[0] != "QUEUED", "the held run has started"
    assert running.wait(goal_id, moved_on).status == "live"
    assert [word.who for word in running.platform.approvals.request(request.id).decisions] == [who.name]

    page.goto(f"{running.client.url}/assets/prod/bronze/sales_products")
    page.get_by_text("0 12 * * 0").first.wait_for()
    page.close()
