"""The governance agent: finds and masks personal data, lets rows go when their time is over, says what complies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.errors import Denied, RunFailed
from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.tools import ready, runs, specs
from agents.tools.governing import classification, copies, dropping, obligations, publishing, retention, subjects

GOVERNANCE = agent(
    "governance",
    "Finds personal data and masks it, keeps rows as long as they may be kept, and says what regulations lack.",
    after=AFTER["governance"],
)
# Outputs: the masked view that a step wrote, to be materialized.
VIEW = "view"
# Outputs: tables whose columns were classed, which catalogs outside are told; and what a catalog did not take.
CLASSED, UNTOLD = "classed", "untold"
PERSONAL = ("table", "column", "holds", "confidence", "share", "why")
GAPS = ("table", "asked", "found", "fix")
MANY = 50
ERASED = ("table", "rows before", "rows now", "data files", "files in the folder", "readable versions")


@GOVERNANCE.action("scan_pii", effects=("write_spec",))
def scan_pii(
    work: Work, asset: str | None = None, connection: str | None = None, table: str | None = None
) -> dict[str, Any]:
    """Find personal data in a table, and write into its spec what each column holds; a person's word stays."""
    if asset is None:
        found = work.call(classification.scan_source, connection=str(connection), table=str(table))
        return {"dataset": found.dataset, "found": found.to_json(), **_told(found)}
    found = work.call(classification.scan, asset=asset)
    written = work.call(classification.classify, asset=asset, found=found)
    out = {"dataset": asset, **written, "found": found.to_json(), CLASSED: [asset], **_told(found)}
    if found.loosen:
        columns = dict(found.loosen)
        goal = work.call(
            ready.submit,
            text=f"People call {', '.join(columns)} harmless elsewhere: is it so in {asset}?",
            steps=[("governance", "loosen", {"asset": asset, "columns": sorted(columns)})],
            key=f"loosen:{asset}:{','.join(sorted(columns))}",
        )
        out["told"] = [*out["told"], f"`{asset}`: {goal} asks people whether {', '.join(columns)} may lose protection"]
    return out


@GOVERNANCE.action("protect", effects=("write_spec", "write_data"))
def protect(work: Work, asset: str) -> Mapping[str, Any]:
    """Scan a table that is new or has changed; where it holds personal data, analysts get a masked view of it."""
    scanned = scan_pii(work, asset)
    if not scanned["found"]["personal"]:
        return scanned
    masked = mask(work, asset)
    return {**scanned, VIEW: masked[VIEW], CLASSED: masked[CLASSED], "told": [*scanned["told"], *masked["told"]]}


@GOVERNANCE.action("loosen", effects=("write_spec", "delete"))
def loosen(work: Work, asset: str, columns: list[str]) -> Mapping[str, Any]:
    """Call columns harmless that were classed as personal: it takes protection away, so people decide on it."""
    written = work.call(classification.loosen, asset=asset, columns=columns)
    told = f"`{asset}`: {', '.join(columns)} count as no personal data now"
    return {"dataset": asset, **written, CLASSED: [asset], "told": [told]}


@GOVERNANCE.action("mask", effects=("write_spec", "write_data"))
def mask(work: Work, asset: str) -> Mapping[str, Any]:
    """Write the masked view of a table that analysts read in its place; a table nobody scanned is scanned first."""
    if not any(column.get("pii") for column in (work.call(specs.read, asset=asset).get("columns") or {}).values()):
        scan_pii(work, asset)
    view = work.call(classification.view_name, asset=asset)
    entry = {
        "description": f"{asset} with personal data masked, for analysts.",
        "masked": {"source": asset},
        "environments": [work.environment],
    }
    product = work.call(specs.product_of, asset=asset)
    written = work.call(specs.write, asset=view, product=product, entry=entry)
    told = f"`{view}` shows `{asset}` to analysts, personal data masked"
    return {"dataset": view, "source": asset, **written, VIEW: view, CLASSED: [asset, view], "told": [told]}


@GOVERNANCE.action("remask", effects=("write_spec", "write_data"))
def remask(work: Work, asset: str) -> Mapping[str, Any]:
    """Make a masked view anew by the keys that mask now: until then it joins with no view made by them."""
    return {"dataset": asset, VIEW: asset, "told": [f"`{asset}` is masked by the newest keys"]}


@GOVERNANCE.action("publish", effects=("external",))
def publish(work: Work, asset: str) -> Mapping[str, Any]:
    """Tell the catalogs outside (Unity Catalog, Purview, the lake's ACLs) what the spec says of a table's columns."""
    done = work.call(publishing.publish, asset=asset)
    told = [f"`{asset}`: {one.catalog}: {one.said}" for one in done] or [f"`{asset}`: no catalog is set to be told"]
    untold = [f"{one.catalog}: {one.said}" + (f" ({one.fix})" if one.fix else "") for one in done if not one.ok]
    return {"dataset": asset, "catalogs": [one.to_json() for one in done], UNTOLD: untold, "told": told}


@GOVERNANCE.finish
def build(work: Work, done: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Load what was written, materialize the masked views of this phase in one child run, and have catalogs told."""
    untold = {out["dataset"]: out[UNTOLD] for out in done.values() if out.get(UNTOLD)}
    if untold:  # raised here, when every table had its turn; what was classed stays so
        what = "; ".join(f"{asset}: {', '.join(problems)}" for asset, problems in untold.items())
        raise RunFailed(f"not every catalog was told: {what}", fix="mend that, then publish these tables again")
    views = list(dict.fromkeys(out[VIEW] for out in done.values() if VIEW in out))
    if not views and not any(out.get("commit") for out in done.values()):
        return {}
    work.call(runs.reload)
    made: dict[str, dict[str, Any]] = {}
    if views:
        child = work.call(runs.materialize, assets=views)
        if not child.success:
            raise RunFailed(child.error, where=", ".join(views), fix=f"see run {child.run_id}", run_id=child.run_id)
        left = {table.asset: found.metadata.get("dagster/row_count") for table, found in child.tables.items()}
        shown = {step: out[VIEW] for step, out in done.items() if out.get(VIEW) == out["dataset"]}
        made = {step: {"run_id": child.run_id, "rows": left.get(view)} for step, view in shown.items()}
    return _with_catalogs(work, done, made)


def _with_catalogs(
    work: Work, done: Mapping[str, Mapping[str, Any]], made: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What was made, and the goal that tells catalogs outside of the tables that were classed."""
    classed = list(dict.fromkeys(asset for out in done.values() for asset in out.get(CLASSED, ())))
    asked = work.call(publishing.ask, assets=classed) if classed else ""
    if not asked:
        return made
    step = next(step for step, out in done.items() if out.get(CLASSED))
    return {**made, step: {**made.get(step, {}), "told": [*done[step]["told"], asked]}}


@GOVERNANCE.action("retain", effects=("write_spec",))
def retain(work: Work, asset: str, keep_days: int, then: str = "archive") -> Mapping[str, Any]:
    """Declare how long rows are kept; what is due already is asked for in a goal of its own, which people decide on."""
    rule = {"column": work.call(retention.column, asset=asset), "keep_days": keep_days, "then": then}
    written = work.call(specs.write, asset=asset, product="", entry={"retention": rule})
    due = work.call(retention.due, asset=asset)
    out: dict[str, Any] = {"dataset": asset, **written, "due": due.to_json()}
    told = f"{due.due:,} of {due.rows:,} rows are older than {due.before} by {due.column}"
    told += f", {due.undated:,} say no age and stay" if due.undated else ""
    if due.against:
        told += f"; nothing leaves: {due.against}"
    elif due.due or due.quarantined:
        if written.get("commit"):
            work.call(runs.reload)  # what people are asked then is held against the spec as it is now
        out["goal"] = work.call(
            ready.submit,
            text=f"Retention of {asset}: {then} rows older than {due.before}",
            steps=[("governance", "expire", _expiry(work, asset, due.before))],
            key=ready.retention_key(f"{work.environment}/{asset}") + due.before,
            again=True,  # what was approved and then failed, or was refused, is asked for anew
        )
        told += f"; {out['goal']} asks people to let them go"
    return {**out, "told": [told]}


@GOVERNANCE.action("expire", effects=("write_data", "delete"))
def expire(work: Work, asset: str, before: str, assets: list[str] | None = None) -> Mapping[str, Any]:
    """Archive what retention says, delete rows older than `before` from the table and all copies, and prove it.

    `assets` are the table and what is computed from it, as people approved them. Safe to repeat from any point.
    """
    due = work.call(retention.due, asset=asset, before=before)
    if due.against:
        raise Denied(f"nothing may be deleted: {due.against}", where=asset)
    readers = work.call(copies.readers, asset=asset)
    before_counts = work.call(copies.count, assets=[asset, *readers])
    archived = work.call(retention.archive, asset=asset, before=before) if due.then == "archive" else 0
    gone = work.call(retention.delete, asset=asset, before=before)
    proofs = _forgotten(work, [asset], readers)
    left = work.call(retention.due, asset=asset, before=before)
    if left.due or left.quarantined:
        raise RunFailed(f"{left.due + left.quarantined:,} rows are still there", where=asset, fix="run it again")
    told = f"`{asset}`: {archived:,} rows archived, {sum(gone.values()):,} deleted (older than {before}), none is left"
    return {
        "dataset": asset,
        "archived": archived,
        "deleted": gone,
        "proof": [proof.to_json() for proof in proofs],
        "told": [told],
        "shown": {"title": "Gone from every version", "header": ERASED, "rows": _rows(before_counts, proofs)},
    }


@GOVERNANCE.action("delete", effects=("delete",))
def delete(work: Work, asset: str) -> Mapping[str, Any]:
    """Delete a table with its quarantine, archive and every version; nothing may be computed from it any more."""
    if readers := work.call(copies.readers, asset=asset):
        raise Denied(f"{', '.join(readers)} are computed from {asset}", where=asset, fix="delete these first")
    retired = work.call(dropping.retire, asset=asset)
    gone = work.call(dropping.drop, asset=asset)
    told = [f"`{name}`: deleted, {files:,} files" for name, files in gone.items()]
    return {"dataset": asset, **retired, "deleted": gone, "told": told or [f"`{asset}`: there was nothing to delete"]}


@GOVERNANCE.action("erase", effects=("write_data", "delete"))
def erase(work: Work, subject: str, assets: list[str], follow: list[str] | None = None) -> Mapping[str, Any]:
    """Erase one person, named by a keyed hash, from tables, quarantine, log, archive and all versions, and prove it.

    `assets` are the tables that people approved; `follow` names columns with the person's number in other tables.
    """
    along = list(follow or ())
    found = work.call(subjects.find, subject=subject, follow=along)
    kept = [place for place in found if place.hold]
    there = {name for place in found if not place.hold for name in (place.table.removeprefix(copies.COLD), place.of)}
    tables = [a for a in dict.fromkeys(asset.removeprefix(copies.COLD) for asset in assets) if a in there]
    readers = {r: None for a in tables for r in work.call(copies.readers, asset=a) if r not in tables}
    counts = work.call(copies.count, assets=[*tables, *readers])
    request = ", ".join(work.lease.requests) if work.lease else ""
    gone = work.call(subjects.erase, subject=subject, assets=tables, follow=along, request=request)
    proofs = _forgotten(work, tables, list(readers))
    left = [place for place in work.call(subjects.find, subject=subject, follow=along) if not place.hold]
    if left:
        where = ", ".join(place.table for place in left)
        raise RunFailed("the person is still there", where=where, fix="ask for these tables too, or load them anew")
    told = [f"{subject}: erased from {len(gone)} tables ({sum(gone.values()):,} rows); the person is in none of them"]
    told += [f"{subject}: rows do not land again; `adp privacy subject allow` asks for letting the person come back"]
    told += [f"{subject}: {place.table} keeps {place.rows:,} rows, a legal hold is on it" for place in kept]
    return {
        "dataset": ", ".join(gone),
        "erased": gone,
        "kept_by_hold": [place.table for place in kept],
        "proof": [proof.to_json() for proof in proofs],
        "told": told,
        "shown": {"title": "Gone from every version", "header": ERASED, "rows": _rows(counts, proofs)},
    }


@GOVERNANCE.action("allow", effects=("delete",))
def allow(work: Work, people: list[str] | None = None) -> Mapping[str, Any]:
    """Let erased people come back with the next load. Without naming any: all whose hashes belong to a lost key.

    It takes the erasure's protection away, so people decide on it.
    """
    if people:
        columns = {subject: work.call(subjects.allow, subject=subject) for subject in people}
        said = {
            s: f"may land again: kept out of {', '.join(c)}" if c else "was not kept out" for s, c in columns.items()
        }
        return {"columns": columns, "told": [f"{subject}: {told}" for subject, told in said.items()]}
    lost = work.call(subjects.allow_lost)
    told = [f"{count:,} erased people in `{column}` may come back: their key is gone" for column, count in lost.items()]
    return {"columns": lost, "told": told or ["no erased person's hash belongs to a lost key"]}


@GOVERNANCE.action("comply", effects=())
def comply(work: Work, regulation: str) -> Mapping[str, Any]:
    """Hold a regulation against the environment: what holds, what does not, and how to close each gap."""
    found = work.call(obligations.assess, regulation=regulation)
    gaps = [[f.subject, f"{f.reference} {f.title}", f.why, f.fix] for f in found.gaps]
    told = f"{found.regulation}: {found.holding} of {len(found.findings)} answers hold, {len(gaps)} gaps"
    return {
        "regulation": found.regulation,
        "gaps": len(gaps),
        "told": [f"{told}, {len(found.unknown)} not known; all of it is on `platform/compliance`"],
        "shown": {"title": f"Gaps: {found.regulation}", "header": GAPS, "rows": gaps[:MANY]},
    }


def _told(found: classification.Classified) -> dict[str, Any]:
    """The report's lines on a scan: types and confidence of columns, never what is in them."""
    rows = [
        [f"`{found.dataset}`", name, column.pii, f"{column.confidence:.2f}", f"{column.share:.1%}", column.reason]
        for name, column in found.personal.items()
    ]
    told = (
        f"`{found.dataset}`: {len(rows)} of {len(found.columns)} columns hold personal data ({found.rows:,} rows read)"
    )
    return {"told": [told], "shown": {"title": "Personal data", "header": PERSONAL, "rows": rows}}


def _expiry(work: Work, asset: str, before: str) -> dict[str, Any]:
    return {"asset": asset, "before": before, "assets": [asset, *work.call(copies.readers, asset=asset)]}


def _forgotten(work: Work, assets: list[str], readers: list[str]) -> list[copies.Proof]:
    """Compute anew what was computed from these tables, then leave nothing but the newest version of all of them."""
    if readers:
        child = work.call(runs.materialize, assets=readers)
        if not child.success:
            fix = f"see run {child.run_id}, then run this again"
            raise RunFailed(f"{child.error}; copies may still hold the rows", where=", ".join(readers), fix=fix)
    return work.call(copies.purge, assets=[*assets, *readers])


def _rows(before: Mapping[str, int], proofs: list[copies.Proof]) -> list[list[Any]]:
    return [[p.table, before.get(p.table, 0), p.rows, p.files, p.lying, p.versions] for p in proofs]
