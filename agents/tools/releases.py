"""Tools that release specs into staging and prod, and take them back: pins, their digests, and tables' versions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.digest import digest
from agents.core.errors import GoalError, PlatformError, SpecError, StateError
from agents.core.registry import tool
from agents.tools.pins import pin_of, pinned_digests, removal_digest, validator
from agents.tools.session import Session
from resources.platform import Platform
from resources.spec_change import Change
from resources.spec_releases import Release, read_releases, releases_text
from resources.specs_repo import SpecsRepo

AGENT = "deployment"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What releasing one asset would do. `change` is None for a Python asset that YAML does not extend.

    `former` and `version` are the pin and the table's version to go back to; `changed` is False where the pin stands
    already and the table was made by it.
    """

    asset: str
    product: str
    change: Change | None
    digest: str
    former: Mapping[str, Any] | None
    version: int | None
    changed: bool

    @property
    def kept(self) -> list[str]:
        """Fields that a person pinned otherwise, and that stay so."""
        return [edit.path for edit in self.change.kept] if self.change else []


@tool("releases.plan", effect="read")
def plan(session: Session, assets: Sequence[str]) -> list[Promotion]:
    """What releasing the dev entries of `assets` into this environment would do; nothing is written."""
    return releasable(session.platform, assets, session.environment, session.orchestrator.known())


def releasable(
    platform: Platform, assets: Sequence[str], environment: str, known: Collection[TableId]
) -> list[Promotion]:
    """The same for code that serves no agent; `known` are the tables of all assets that are loaded.

    Raises SpecError for what nothing makes, and for what reads a table that the environment lacks.
    """
    found = [_promotion(platform, asset, environment) for asset in dict.fromkeys(assets)]
    for promotion in found:
        if promotion.change is None and TableId(environment, *promotion.asset.split("/", 1)) not in known:
            raise SpecError(
                f"no product holds {promotion.asset}, and no Python asset of {environment} makes it",
                fix="build it in dev first; adp doctor shows what the specs hold",
            )
        _require_upstream(platform, promotion, environment, assets, known)
    return found


@tool("releases.pin", effect="write_spec")
def pin(session: Session, assets: Sequence[str]) -> dict[str, str]:
    """Write the pins of `assets`, one commit a product; the commits by product. All of them or none."""
    found = [_promotion(session.platform, asset, session.environment) for asset in assets]
    commits: dict[str, str] = {}
    done: list[str] = []
    for product, own in _by_product(p for p in found if p.change).items():
        releases = {p.asset: Release(session.goal, p.digest, p.former, p.version) for p in own}
        words = f"release {', '.join(releases)} to {session.environment}"
        try:
            commit = _apply(session, [p.change for p in own if p.change], words, partial(_recorded, releases))
        except PlatformError:
            _go_back(session, done)
            raise
        if commit:
            commits[product] = commit
            done += releases
    return commits


@tool("releases.unpin", effect="write_spec")
def unpin(session: Session, assets: Sequence[str]) -> dict[str, list[str]]:
    """Put the pins before the newest release of each asset back; by asset the fields kept, as a person wrote them."""
    return _go_back(session, assets)


@tool("releases.restore", effect="write_data")
def restore(session: Session, assets: Mapping[str, int | None]) -> list[str]:
    """Put tables back to these versions (None: there was none, so it is emptied); says what was done."""
    from assets.kinds.running import take_back

    lake, said = session.platform.lake, list[str]()
    for asset, version in assets.items():
        table = session.table(asset)
        now = lake.snapshot(table)
        if now is None or now.version == version or (version is None and not lake.rows(table)):
            continue
        take_back(lake, table, version)
        said.append(f"{table}: {'emptied' if version is None else f'version {version} restored'}")
    return said


@tool("releases.standing", effect="read")
def standing(session: Session, asset: str) -> dict[str, Any]:
    """Rows and version of a table now."""
    lake, table = session.platform.lake, session.table(asset)
    return {"rows": lake.rows(table), "version": lake.version(table)}


@tool("releases.former", effect="read")
def former(session: Session, assets: Sequence[str]) -> dict[str, Release]:
    """The newest release of each asset: what a rollback goes back to the state before of."""
    repo = session.platform.releases(session.environment)
    return {asset: newest(repo, asset)[1] for asset in assets}


def release_digests(
    platform: Platform,
    steps: Iterable[Mapping[str, Any]],
    environment: str = "prod",
    sources: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What the deployment steps of a `workflow` run would put in force: asset key to digest, as loaded afterwards.

    `steps` are `{agent, action, inputs}` of a run in `environment`; `sources` gives `platform/source` of Python assets
    by asset key. An asset whose digest cannot be told has one that nothing matches.
    """
    found: dict[str, str] = {}
    for step in steps:
        if step["agent"] != AGENT:
            continue
        inputs: Mapping[str, Any] = step.get("inputs") or {}
        place = environment if step["action"] == "rollback" else str(inputs.get("to") or environment)
        for asset in named(inputs.get("assets")):
            key = f"{place}/{asset}"
            try:
                if step["action"] == "rollback":
                    found[key] = _rolled_back(platform, asset, place)
                else:
                    found[key] = _promotion(platform, asset, place, (sources or {}).get(key, "")).digest
            except PlatformError:  # the run will say what is wrong; until then nothing may pass for it
                found[key] = digest({"asset": key, "unknown": True})
    return found


def named(assets: object) -> list[str]:
    """The assets of a step's input, each `layer/table`. Raises GoalError for anything else."""
    many: Iterable[object] = [assets] if isinstance(assets, str) else assets if isinstance(assets, list | tuple) else []
    found = list(dict.fromkeys(str(asset) for asset in many))
    wrong = [asset for asset in found if asset.count("/") != 1]
    if not found or wrong:
        what = f"{wrong[0][:80]!r} names no asset to release" if wrong else "a release needs assets"
        raise GoalError(what, where="assets", fix="name each layer/table, such as silver/orders")
    return found


def newest(repo: SpecsRepo, asset: str) -> tuple[str, Release]:
    """Product and newest release of an asset. Raises StateError where none is recorded."""
    for product in repo.products():
        if releases := repo.releases(product).get(asset):
            return product, releases[-1]
    raise StateError(f"no release of {asset} is recorded", fix="only what was promoted can be rolled back")


def _promotion(platform: Platform, asset: str, environment: str, source: str = "") -> Promotion:
    repo = platform.releases(environment)
    change = pin_of(platform.specs, repo, asset, environment)
    table = TableId(environment, *asset.split("/", 1))
    snapshot = platform.lake.snapshot(table)
    version = snapshot.version if snapshot else None
    if change is None:
        from assets.kinds.people import python_digest

        return Promotion(asset, "", None, python_digest(source), None, version, True)
    wanted = pinned_digests(platform.specs, repo, [change], environment, {asset: source})[asset]
    pinned = repo.find(asset)
    before = pinned[1] if pinned else None
    last = repo.releases(change.product).get(asset)
    if change.empty and last and last[-1].digest == wanted:  # its own release, that did not come to its end
        before, version = last[-1].former, last[-1].version
    made = bool(snapshot) and snapshot.marks.get("spec") == wanted
    return Promotion(asset, change.product, change, wanted, before, version, not (change.empty and made))


def _require_upstream(
    platform: Platform, promotion: Promotion, environment: str, assets: Collection[str], known: Collection[TableId]
) -> None:
    """What it is made from must be there, or come with it."""
    from assets.kinds.lineage import reads_of

    for read in reads_of(promotion.change.desired) if promotion.change else ():
        table = TableId(environment, *read.split("/", 1))
        if read not in assets and table not in known and not platform.lake.exists(table):
            raise SpecError(
                f"{promotion.asset} reads {read}, which is not in {environment}",
                fix=f"promote {read} with it",
            )


def _rolled_back(platform: Platform, asset: str, environment: str) -> str:
    repo = platform.releases(environment)
    product, release = newest(repo, asset)
    if release.former is None:
        return removal_digest(asset)
    change = _back(repo, product, asset, release)
    return pinned_digests(platform.specs, repo, [change], environment, {})[asset]


def _go_back(session: Session, assets: Sequence[str]) -> dict[str, list[str]]:
    repo = session.platform.releases(session.environment)
    kept: dict[str, list[str]] = {}
    changes: dict[str, list[Change]] = {}
    for asset in assets:
        product, release = newest(repo, asset)
        change = _back(repo, product, asset, release)
        changes.setdefault(product, []).append(change)
        kept[asset] = [edit.path for edit in change.kept]
    for own in changes.values():
        gone = [change.asset for change in own]
        _apply(session, own, f"take back {', '.join(gone)} in {session.environment}", partial(_popped, gone))
    return kept


def _back(repo: SpecsRepo, product: str, asset: str, release: Release) -> Change:
    """Before this release, field by field: what a person wrote since stays."""
    if release.former is None:
        return repo.plan_removal(product, asset)
    pinned = repo.find(asset)
    absent = dict.fromkeys(key for key in (pinned[1] if pinned else {}) if key not in release.former)
    return repo.plan_change(product, asset, {**absent, **release.former}, AGENT)


def _apply(session: Session, changes: Sequence[Change], words: str, record: Callable[[str], str]) -> str:
    """Write changes of one product; the commit's id (`uncommitted` without git), empty when there was none."""
    repo = session.platform.releases(session.environment)
    check = validator(session.platform, repo, changes[0].product)
    commit = repo.apply_all(changes, session.goal, words, check, record)
    return (commit.id or "uncommitted") if commit else ""


def _recorded(releases: Mapping[str, Release], text: str) -> str:
    """The record with these releases, but for those it ends with already."""
    found = read_releases(text, Path("releases"))
    for asset, release in releases.items():
        own = found.setdefault(asset, [])
        if not own or own[-1].digest != release.digest:
            own.append(release)
    return releases_text(found)


def _popped(assets: Sequence[str], text: str) -> str:
    found = read_releases(text, Path("releases"))
    return releases_text({asset: own[:-1] if asset in assets else own for asset, own in found.items()})


def _by_product(promotions: Iterable[Promotion]) -> dict[str, list[Promotion]]:
    found: dict[str, list[Promotion]] = {}
    for promotion in promotions:
        found.setdefault(promotion.product, []).append(promotion)
    return found
