"""What `adp doctor` looks at: settings, policies, specs, sources, lake, store, ledger, programs, the deployment."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from platform_defs.here import is_here
from platform_defs.overruling import unknown_words
from resources.platform import Platform
from resources.production import base_of
from resources.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `fix` says what to do where it is not as it should be."""

    what: str
    ok: bool
    state: str
    fix: str = ""
    warning: bool = False
    """It works, and will be missed: no reason to fail."""

    def to_json(self) -> dict[str, Any]:
        """As `adp doctor --json` prints it."""
        return {"what": self.what, "ok": self.ok, "state": self.state, "fix": self.fix, "warning": self.warning}


def examine() -> list[Finding]:
    """Every finding; one thing that is broken does not hide the others."""
    try:
        settings = load_settings()
    except PlatformError as error:
        return [_bad("settings", error)]
    platform = Platform.of(settings)
    found = [Finding("settings", True, f"profile {settings.profile}, state in {settings.state_dir}")]
    found.append(_try("policies", lambda: _policies(platform)))
    here = is_here(settings)
    if here:
        found.append(_people(platform))
    found += _specs(settings)
    found.append(_try("agents", lambda: _agents(settings)))
    found += _overrides(platform)
    found += _sources(platform)
    if here:  # elsewhere, looking would make a store
        found += [_lake(platform, environment) for environment in settings.environments]
        found.append(_try("store", lambda: f"{len(platform.store.goals())} goals"))
        found.append(_ledger(platform))
    found.append(_git())
    found.append(_deployment(settings))
    return found


def _try(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except PlatformError as error:
        return _bad(what, error)


def _bad(what: str, error: PlatformError) -> Finding:
    return Finding(what, False, f"{error.where}: {error.what}" if error.where else error.what, error.fix)


def _policies(platform: Platform) -> str:
    found = platform.policy()
    return f"valid, {len(found.names)} policies in {found.folder}"


def _people(platform: Platform) -> Finding:
    try:
        known = platform.people.all()
    except PlatformError as error:
        return _bad("approvers", error)
    able = sum("approver" in person.roles or "admin" in person.roles for person in known)
    if not able:
        what = f"none of {len(known)} people may approve" if known else "nobody may approve yet"
        fix = "enrol somebody before the first release: adp approvals add NAME --group platform --role approver"
        return Finding("approvers", True, f"{what}: whatever waits for a decision waits for ever", fix, warning=True)
    return Finding("approvers", True, f"{able} of {len(known)} people may approve")


def _agents(settings: Settings) -> str:
    from agents.roles import register_agents

    registry = register_agents(settings.extensions)
    return ", ".join(agent.name for agent in registry.ordered())


def _specs(settings: Settings) -> Iterator[Finding]:
    import assets.products
    from assets.kinds.loading import load_products, refused
    from assets.kinds.people import python_definitions, python_tables

    try:
        loaded = load_products(settings.specs_dir, python_tables(python_definitions(assets.products)))
    except PlatformError as error:
        yield _bad("specs", error)
        return
    for problem in (*loaded.problems, *(refused(loaded) if settings.components != "allow" else ())):
        yield _bad("specs", problem)
    yield Finding("specs", True, f"{len(loaded.checked.tables)} tables in {settings.specs_dir}")


def _overrides(platform: Platform) -> Iterator[Finding]:
    try:
        yield from (_bad("override", problem) for problem in unknown_words(platform))
    except PlatformError:
        return  # a product that cannot be read is told of with the specs


def _sources(platform: Platform) -> Iterator[Finding]:
    try:
        names = platform.sources.names()
    except PlatformError as error:
        yield _bad("connections", error)
        return
    fix = "" if names else "write connections.yaml, or run make demo for a sample system"
    yield Finding("connections", bool(names), f"{len(names)} in {platform.settings.connections_file}", fix)
    for name in names:

        def look(name: str = name) -> str:
            platform.sources.check(name)
            return "answers"

        yield _try(f"connection {name}", look)


def _lake(platform: Platform, environment: str) -> Finding:
    def look() -> str:
        found: list[TableId] = platform.lake.tables(environment)
        beside = sum(base_of(table) is not None for table in found)
        more = f" and {beside} beside them (quarantine, logs)" if beside else ""
        return f"{len(found) - beside} tables{more} in {platform.settings.lake_roots[environment]}"

    return _try(f"lake {environment}", look)


def _ledger(platform: Platform) -> Finding:
    def look() -> Finding:
        found = platform.ledger.verify()
        state = f"{found.records} records"
        fix = "" if found.ok else "compare with a backup: a record was changed or lost"
        broken = f"{state}, broken at {found.first_bad}" if found.first_bad else f"{state}, their head file is missing"
        return Finding("ledger", found.ok, state if found.ok else broken, fix)

    try:
        return look()
    except PlatformError as error:
        return _bad("ledger", error)


def _git() -> Finding:
    found = shutil.which("git")
    return Finding("git", True, found or "not installed: specs are written without history")


def _deployment(settings: Settings) -> Finding:
    from platform_defs.instance import Home

    running = Home(settings.state_dir).running()
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if not is_here(settings):
        return Finding("deployment", True, f"{python}, none here yet", "start one: adp up, or adp demo", warning=True)
    return Finding("deployment", True, f"{python}, " + (f"running at {running['url']}" if running else "not running"))
