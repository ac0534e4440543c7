"""The deployment agent: releases what dev has into staging and prod, tests it there, and takes back what fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.core.errors import Denied, PlatformError, RunFailed
from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.tools import before_release, releases, runs, smoke
from agents.tools.governing import classification, publishing
from agents.tools.releases import Promotion
from resources.orchestrator import ChildRun

DEPLOYMENT = agent(
    "deployment",
    "Releases tables into staging and production, tests them there, and takes back what fails.",
    after=AFTER["deployment"],
)

ROLLED_BACK = "rolled_back"
PROD = "prod"


@DEPLOYMENT.action("promote", effects=("write_spec", "write_data"))
def promote(work: Work, assets: list[str], to: str) -> Mapping[str, Any]:
    """Pin what dev has, materialize it, test it; `status` is released, unchanged or rolled back."""
    before_release.check_place(to, work.environment)
    found = work.call(releases.plan, assets=releases.named(assets))
    todo = [promotion for promotion in found if promotion.changed]
    told: dict[str, Any] = {"environment": to, "assets": [promotion.asset for promotion in found]}
    told["kept"] = {p.asset: p.kept for p in found if p.kept}
    if not todo:
        return {**told, "status": "unchanged", "released": [], "smoke": []}
    names = [promotion.asset for promotion in todo]
    if to == PROD and (shown := work.call(classification.unmasked, assets=names)):
        raise _unmasked(shown)
    commits = work.call(releases.pin, assets=names)
    try:
        child, tested, reasons = _try_out(work, names)
    except BaseException:  # also when a person stops the run: what is half released must not stay
        _take_back(work, todo)
        raise
    told |= {"run_id": child.run_id if child else "", "smoke": [finding.to_json() for finding in tested]}
    if reasons:
        undone = _take_back(work, todo)
        return {**told, "status": "rolled back", ROLLED_BACK: reasons, "undone": undone, "released": []}
    released = [_told(work, p, commits) for p in todo]
    asked = work.call(publishing.ask, assets=names)
    return {**told, "status": "released", "released": released, "told": [asked] if asked else []}


@DEPLOYMENT.action("rollback", effects=("write_spec", "write_data"))
def rollback(work: Work, assets: list[str]) -> Mapping[str, Any]:
    """Go back to the release before: its specs and its table versions."""
    names = releases.named(assets)
    former = work.call(releases.former, assets=names)
    kept = work.call(releases.unpin, assets=names)
    done = work.call(releases.restore, assets={asset: former[asset].version for asset in names})
    work.call(runs.reload)
    return {
        "environment": work.environment,
        "assets": names,
        "status": "restored",
        "undone": done,
        "kept": {asset: fields for asset, fields in kept.items() if fields},
    }


def _unmasked(shown: Mapping[str, Sequence[str]]) -> Denied:
    told = "; ".join(f"{asset}: {', '.join(columns)}" for asset, columns in shown.items())
    first = next(iter(shown))
    return Denied(
        f"it would bring personal data into production that nobody masked: {told}",
        where=", ".join(shown),
        fix=f'adp goal "Scan {first} for PII and mask it", then release it with its masked view',
    )


def _try_out(work: Work, names: Sequence[str]) -> tuple[ChildRun | None, list[smoke.Finding], list[str]]:
    """Load, materialize, test: the run, what was found, and the reasons against the release."""
    try:
        work.call(runs.reload)
        child = work.call(runs.materialize, assets=names)
        reasons = [] if child.success else [f"the run failed: {child.error}"]
        found = work.call(smoke.smoke, assets=names, child=child)
    except PlatformError as error:
        return None, [], [str(error)]
    return child, found, reasons + [f"{f.asset}: {f.check}: {f.detail}" for f in found if f.passed is False]


def _take_back(work: Work, todo: Sequence[Promotion]) -> list[str]:
    """Former pins and former versions; each is tried, whatever happens to the others."""
    undone: list[str] = []
    failed: list[str] = []
    pinned = [promotion.asset for promotion in todo if promotion.change]
    try:
        kept = work.call(releases.unpin, assets=pinned) if pinned else {}
        undone += [f"{asset}: pin as before" + (f", kept {', '.join(f)}" if f else "") for asset, f in kept.items()]
    except PlatformError as error:
        failed.append(str(error))
    for promotion in todo:
        try:
            undone += work.call(releases.restore, assets={promotion.asset: promotion.version})
        except PlatformError as error:
            failed.append(str(error))
    try:
        work.call(runs.reload)
    except PlatformError as error:
        failed.append(str(error))
    if failed:
        raise RunFailed(
            f"the release failed and could not be taken back whole: {'; '.join(failed)}",
            where=", ".join(promotion.asset for promotion in todo),
            fix="mend that, then adp rollback",
        )
    return undone


def _told(work: Work, promotion: Promotion, commits: Mapping[str, str]) -> dict[str, Any]:
    facts = work.call(releases.standing, asset=promotion.asset)
    return {
        "asset": promotion.asset,
        "product": promotion.product,
        "commit": commits.get(promotion.product, ""),
        "digest": promotion.digest,
        "changed": [edit.path for edit in promotion.change.set] if promotion.change else [],
        "kept": promotion.kept,
        "former_version": promotion.version,
        **facts,
    }
