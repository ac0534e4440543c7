"""A deployment's approvals in a folder, with people, keys and a clock that tests move."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.policy import POLICIES
from agents.core.registry import Effect
from resources.approvals import Approvals, Limits
from resources.approvals_policy import Policies
from resources.fakes import MemorySecrets
from resources.identity import People, Person
from resources.keys import Keys
from resources.ledger import Ledger, Record
from resources.store import Store
from resources.store_goals import tables

D1, D2 = "sha256:" + "1" * 64, "sha256:" + "2" * 64
ORDERS, CUSTOMERS = "prod/bronze/orders", "prod/bronze/customers"
PEOPLE = """
people:
  - {name: anna, groups: [platform], roles: [approver], aliases: [anna@example.org]}
  - {name: ben, groups: [governance], roles: [approver]}
  - {name: cleo, groups: [], roles: [approver]}
  - {name: dora, groups: [platform], roles: [engineer]}
"""
NO_ASSETS: Mapping[str, str] = {}


class Clock:
    """A time that only tests move, in seconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def hours(self, count: float) -> None:
        self.now += count * 3600


class Office:
    """Approvals over one store; a second office over the same folder is another process of the deployment."""

    def __init__(self, folder: Path, url: str = "", policies: Path | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.store = Store(url or f"sqlite:///{folder}/store.db")
        self.ledger = Ledger(self.store, folder / "ledger.head")
        self.keys = Keys(MemorySecrets({}), folder / "keys")
        self.keys.create()
        file = folder / "approvers.yaml"
        if not file.exists():
            file.write_text(PEOPLE)
        self.people = People(self.store, file, self.keys, self.ledger)
        policy = Policies(policies or POLICIES)
        self.approvals = Approvals(
            self.store, self.ledger, policy, self.keys, self.people, limits=Limits(), clock=self.clock
        )

    def person(self, name: str) -> Person:
        found = self.people.find(name)
        assert found is not None
        return found

    def records(self, subject: str) -> list[tuple[str, str, str]]:
        """What the ledger says of a request or run: kind, who, what."""
        return [(r.entry.kind, r.entry.who, r.entry.what) for r in self.ledger.records(subject=subject)]

    def last(self) -> Record:
        return list(self.ledger.records())[-1]

    def approved(self, run: RunFacts, *names: str) -> str:
        """Submit a run and approve its request; the request's id."""
        request = self.approvals.submit(run).request
        for name in names or ("anna",):
            self.approvals.decide(request, "approve", self.person(name))
        assert self.approvals.request(request).state == "granted"
        return request

    def edit(self, table: str, where: str, **values: Any) -> None:
        """Change rows behind the platform's back, as somebody with the database in their hands would."""
        found = getattr(tables(), table)
        key = "run_id" if table in ("leases", "run_records") else "id" if table == "requests" else "request_id"
        with self.store.database().write() as connection:
            connection.execute(found.update().where(found.c[key] == where).values(**values))


def refresh(
    run_id: str = "run-1",
    assets: Mapping[str, str] = NO_ASSETS,
    *,
    by: str = "dora",
    known: bool = True,
    facts: Facts | None = None,
    **more: Any,
) -> RunFacts:
    """A run that writes assets as their specs say."""
    effects = Effects("prod", ("write_data",), dict(assets or {ORDERS: D1}))
    facts = facts or Facts(pii="none")
    return RunFacts(run_id, "__ASSET_JOB", effects, Requester(by, known), facts, **more)


def work(
    run_id: str,
    *effects: Effect,
    assets: Mapping[str, str] = NO_ASSETS,
    action: str = "promote",
    inputs: Mapping[str, Any] = NO_ASSETS,
    environment: str = "prod",
    by: str = "dora",
    **more: Any,
) -> RunFacts:
    """A run of agents' steps."""
    steps = ({"agent": "deployment", "action": action, "inputs": dict(inputs)},)
    made = Effects(environment, effects or ("write_spec", "write_data"), dict(assets), steps)
    return RunFacts(run_id, "workflow", made, Requester(by, True), Facts(pii="none"), **more)


def own_policies(folder: Path, rules: str = "") -> Path:
    """A copy of the shipped policies in a folder, with further rules."""
    shutil.copytree(POLICIES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.yaml"))
    (folder / "own.cedar").write_text(rules)
    return folder
