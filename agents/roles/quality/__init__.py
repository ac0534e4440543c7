"""The data quality agent: profiles tables, writes rules that mean something, sees to it that they are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.core.errors import RunFailed
from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.roles.quality import models, repairs
from agents.tools import asking, contracts, quality, ready, runs, specs, tables
from resources.orchestrator import CheckOutcome, ChildRun

QUALITY = agent(
    "quality",
    "Profiles tables, writes quality rules for them, checks them and puts bad rows into quarantine.",
    after=AFTER["quality"],
)
repairs.register(QUALITY)
models.register(QUALITY)


@QUALITY.action("profile", effects=())
def profile(work: Work, asset: str) -> Mapping[str, Any]:
    """Say what a table holds; changes nothing."""
    found = work.call(quality.propose, asset=asset)
    return {"dataset": asset, "profile": found.profile, "check": False}


@QUALITY.action("validate", effects=("write_spec", "write_data"))
def validate(work: Work, asset: str, learn: bool = True) -> Mapping[str, Any]:
    """Write the rules that a table's data suggests; the checks run once for all tables of the phase.

    Without `learn` only the rules that stand are checked: what is unusual or refused is nothing to learn from.
    """
    if not learn:
        return {"dataset": asset, "check": True}
    found = work.call(quality.propose, asset=asset)
    written = work.call(specs.write, asset=asset, product="", entry={"rules": [rule.to_spec() for rule in found.rules]})
    asked = work.call(asking.have_asked, asset=asset, action="suggest", inputs={}, once="")
    more = {"told": [f"`{asset}`: {asked}"]} if asked else {}
    return {"dataset": asset, **written, **more, "check": True}


@QUALITY.action("contract", effects=("write_spec",))
def contract(
    work: Work, asset: str, contract: Mapping[str, Any] | None = None, rules: Sequence[Mapping[str, Any]] = ()
) -> Mapping[str, Any]:
    """Promise readers what a table holds; what would take a promise back becomes a goal that people decide on.

    `rules` come with a contract from elsewhere.
    """
    given = contract or work.call(contracts.standing, asset=asset).proposed.to_spec()
    found = work.call(contracts.compare, asset=asset, contract=given)
    new = found.proposed
    if not found.breaking:
        written = work.call(contracts.extend, asset=asset, contract=new.to_spec(), rules=rules)
        if written["changed"]:
            work.call(runs.reload)
        kept = ": a person wrote another one, which stays" if written["kept"] else ""
        more = f", {len(rules)} rules with it" if rules else ""
        return {"dataset": asset, **written, "told": [f"`{asset}`: contract {new.version}{more}{kept}"]}
    changes = [str(one) for one in found.found]
    inputs = contracts.proposal(asset, new, changes, work.call(contracts.readers, asset=asset), rules)
    goal = work.call(
        ready.submit,
        text=f"Contract {new.version} of {asset}: {'; '.join(changes)}",
        steps=[("quality", "amend", inputs)],
        key=contracts.proposal_key(work.session.table(asset), new),
    )
    return {"dataset": asset, "told": [f"`{asset}`: {goal} asks people whether contract {new.version} may come"]}


@QUALITY.action("amend", effects=("write_spec", "write_data", "delete"))
def amend(
    work: Work,
    asset: str,
    contract: Mapping[str, Any],
    changes: Sequence[str] = (),
    readers: Sequence[str] = (),
    rules: Sequence[Mapping[str, Any]] = (),
) -> Mapping[str, Any]:
    """Put an approved contract in force and load what waited for it; `changes` and `readers` are what people saw."""
    written = work.call(contracts.amend, asset=asset, contract=contract, rules=rules)
    reached = f"; it reaches {', '.join(readers)}" if readers else "; nothing reads it"
    told = f"`{asset}`: contract {contract.get('version')} is in force: {'; '.join(changes)}{reached}"
    return {"dataset": asset, **written, "check": True, "told": [told]}


@QUALITY.finish
def check(work: Work, done: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Load the new rules, apply them to the tables, and report every verdict."""
    assets = list(dict.fromkeys(out["dataset"] for out in done.values() if out.get("check")))
    if not assets:
        return {}
    work.call(runs.reload)
    child = work.call(runs.materialize, assets=assets)
    if not child.success and not any(found.checks for found in child.tables.values()):
        raise RunFailed(child.error, where=", ".join(assets), fix=f"see run {child.run_id}", run_id=child.run_id)
    held = {asset: work.call(tables.quarantined, asset=asset) for asset in assets}
    return {
        step: _verdict(out["dataset"], child, held[out["dataset"]]) for step, out in done.items() if out.get("check")
    }


def _verdict(asset: str, child: ChildRun, held: Mapping[str, int]) -> dict[str, Any]:
    found = next((found for table, found in child.tables.items() if table.asset == asset), None)
    checks = found.checks if found else ()
    metadata = found.metadata if found else {}
    names = {check.name for check in checks}
    return {
        "run_id": child.run_id,
        "rules": [_rule(check, held.get(check.name, 0)) for check in checks],
        "failed": [c.name for c in checks if not c.passed],
        "rows_quarantined": sum(held.values()),
        "rows_in_quarantine": sum(held.values()),
        "held_otherwise": {rule: rows for rule, rows in held.items() if rule not in names},
        "rows": metadata.get("dagster/row_count"),
        **_replayed(metadata),
    }


def _replayed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a refresh under changed rules brought back from quarantine."""
    if "rows replayed" not in metadata:
        return {}
    landed, superseded = metadata["rows replayed"], metadata.get("rows superseded in quarantine") or 0
    kept = metadata.get("rows in quarantine")
    return {"replay": {"rows_landed": landed, "rows_superseded": superseded, "rows_kept": kept}}


def _rule(check: CheckOutcome, held: int) -> dict[str, Any]:
    """A verdict as the report shows it; `quarantined` are the rows that the rule holds now, whichever run took them."""
    numbers = {"unexpected rows": "unexpected", "action": "action", "muted": "muted"}
    found = {name: check.metadata[key] for key, name in numbers.items() if key in check.metadata}
    if held or found.get("action") == "quarantine":
        found["quarantined"] = held
    return {"name": check.name, "passed": check.passed, "reason": check.description, **found}
