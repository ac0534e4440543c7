"""Dagster's own UI on `adp web`, in a real browser: it works, and it offers a viewer nothing to press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import needed, opened
from tests.integration.test_web_attacks import PROXY
from tests.integration.web_site import SECRET, Site, serving

pytestmark = needed
PAGES = ("/overview", "/runs", "/assets", "/assets/platform/approvals", "/jobs", "/automation", "/deployment")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened() as started:
        yield started


def watched(context: Any) -> tuple[Any, list[str]]:
    """A page, and what goes wrong on it."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("response", lambda got: wrong.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    return page, wrong


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("local") / "state") as site:
        yield site


def test_the_ui_works_as_ever(local: Site, browser: Any) -> None:
    page, wrong = watched(browser.new_context(viewport={"width": 1500, "height": 1000}))
    for path in PAGES:
        page.goto(f"{local.url}{path}")
        page.wait_for_load_state("networkidle")
    page.goto(f"{local.url}/locations/small/jobs/job/playground")
    page.get_by_text("No errors").wait_for()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile(r"/runs/"))
    page.get_by_text("Queued").first.wait_for()
    run_id = page.url.rsplit("/", 1)[1]
    assert local.runs()[run_id]["user"] == "mia"
    assert wrong == []
    page.context.close()


def test_graphiql_reads(local: Site, browser: Any) -> None:
    page, wrong = watched(browser.new_context(viewport={"width": 1500, "height": 1000}))
    page.goto(f"{local.url}/graphql")
    page.get_by_role("button", name="Execute query (Ctrl-Enter)").wait_for()
    page.evaluate("document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.setValue('{ version }')")
    page.get_by_role("button", name="Execute query (Ctrl-Enter)").click()
    page.locator(".result-window").get_by_text("1.13").wait_for()
    assert wrong == []
    page.context.close()


def test_who_may_press_what(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> None:
    from playwright.sync_api import expect

    state = tmp_path_factory.mktemp("behind") / "state"
    with serving(state, ADP_SECRET_PROXY_SECRET=SECRET, **PROXY) as site:
        for name, may in (("vera", False), ("anna", True), ("edgar", True)):
            page, _ = watched(browser.new_context(extra_http_headers=dict(site.as_(name).headers)))
            page.goto(f"{site.url}/assets/one")
            page.wait_for_load_state("networkidle")
            expect(page.get_by_role("button", name="Materialize").first).to_be_enabled(enabled=may, timeout=30_000)
            page.context.close()
