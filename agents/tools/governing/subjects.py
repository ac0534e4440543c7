"""Tools for one person's rights: where the person is in the lake, and that the person is gone after an erasure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.registry import tool
from agents.tools.governing.declared import declared
from agents.tools.governing.identity import Hasher, Subject, parse_subject
from agents.tools.governing.subject_rows import Searcher
from agents.tools.session import Session
from resources.lake import Lake
from resources.platform import Platform
from resources.production import base_of

if TYPE_CHECKING:
    import pyarrow as pa

PURPOSE = "subject"
COLD = "cold/"


@dataclass(frozen=True, slots=True)
class Place:
    """A table that holds something of a person: rows by column, rows that mention the person; `hold`: a legal hold."""

    table: str
    rows: int
    columns: Mapping[str, int] = field(default_factory=dict[str, int])
    mentions: Mapping[str, int] = field(default_factory=dict[str, int])
    hold: bool = False

    @property
    def of(self) -> str:
        """The table that people know it by: a quarantine, a log and an archive are part of theirs."""
        asset = self.table.removeprefix(COLD)
        base = base_of(TableId("", *asset.split("/", 1)))
        return base.asset if base else asset

    def to_json(self) -> dict[str, Any]:
        """As step outputs and commands give it."""
        return asdict(self)


@tool("subject.find", effect="read")
def find(session: Session, subject: str, follow: Sequence[str] = ()) -> list[Place]:
    """Where a person is: tables, quarantine, log, archive. `follow` names columns that hold the person's number."""
    return find_subject(session.platform, session.environment, parse_subject(subject), follow)


@tool("subject.erase", effect="delete")
def erase(session: Session, subject: str, assets: Sequence[str], follow: Sequence[str] = ()) -> dict[str, int]:
    """Erase a person from these tables, their quarantine, log and archive: rows go, mentions in texts are blotted out.

    Tables under a legal hold stay as they are. Rows erased by table; each table changes in one commit.
    """
    platform, wanted = session.platform, parse_subject(subject)
    linked = _linked(platform, session.environment, wanted, follow)
    named, held, done = set(assets), _held(platform, session.environment), dict[str, int]()
    for name, lake, table in _tables(platform, session.environment):
        mine = {name, table.asset, *([base.asset] if (base := base_of(table)) else [])}
        if not mine & named or mine & held:
            continue
        hits = _search(platform, lake, table, wanted, linked)
        if hits.rows or hits.mentions:
            done[name] = hits.rows + sum(hits.mentions.values())
            _rewrite(lake, table, _searcher(platform, table, wanted, linked))
    return done


def find_subject(platform: Platform, environment: str, subject: Subject, follow: Sequence[str] = ()) -> list[Place]:
    """The same for the command line."""
    linked, held = _linked(platform, environment, subject, follow), _held(platform, environment)
    found: list[Place] = []
    for name, lake, table in _tables(platform, environment):
        base = base_of(table)
        if hits := _search(platform, lake, table, subject, linked):
            hold = bool({table.asset, base.asset if base else ""} & held)
            found.append(Place(name, hits.rows, hits.columns, hits.mentions, hold))
    return found


def export_subject(
    platform: Platform, environment: str, subject: Subject, follow: Sequence[str] = ()
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """By table the person's rows as they stand. They hold personal data: for that person, and nobody's log."""
    linked = _linked(platform, environment, subject, follow)
    for name, lake, table in _tables(platform, environment):
        searcher, rows = _searcher(platform, table, subject, linked), list[dict[str, Any]]()
        for batch in lake.read(table):
            rows += batch.filter(searcher.mine(batch)).to_pylist()
        if rows:
            yield name, rows


def hasher(platform: Platform) -> Hasher:
    """Hashes with this deployment's key."""
    return Hasher(platform.keys.derived(PURPOSE))


def _searcher(platform: Platform, table: TableId, subject: Subject, linked: Mapping[str, frozenset[str]]) -> Searcher:
    return Searcher(hasher(platform), subject, quarantine=table.layer == "quarantine", linked=linked)


def _search(
    platform: Platform, lake: Lake, table: TableId, subject: Subject, linked: Mapping[str, frozenset[str]]
) -> Any:
    searcher = _searcher(platform, table, subject, linked)
    for batch in lake.read(table):
        searcher.without(batch)
    return searcher.hits


def _rewrite(lake: Lake, table: TableId, searcher: Searcher) -> None:
    schema = lake.schema(table)
    with lake.write(table, schema, "erase", whole=True) as write:
        base = write.base.dataset() if write.base else None
        for batch in base.to_batches(batch_readahead=2, fragment_readahead=1) if base is not None else ():
            write.put(searcher.without(batch))
        write.overwrite({})


def _linked(platform: Platform, environment: str, subject: Subject, follow: Sequence[str]) -> dict[str, frozenset[str]]:
    """Hashes of what the person's own rows hold in the columns to follow, by column."""
    import pyarrow.compute as pc

    made, found = hasher(platform), dict[str, set[str]]()
    for _, lake, table in _tables(platform, environment) if follow else ():
        names = [name for name in follow if name in lake.schema(table).names]
        searcher = _searcher(platform, table, subject, {})
        for batch in lake.read(table) if names else ():
            mine: pa.RecordBatch = batch.filter(searcher.mine(batch))
            for name in names:
                values = pc.call_function("unique", [mine.column(name)]).to_pylist()
                found.setdefault(name, set()).update(made.hash_of(value) for value in values if value is not None)
    return {name: frozenset(hashes) for name, hashes in found.items()}


def _held(platform: Platform, environment: str) -> set[str]:
    entries = declared(platform, environment).items()
    return {asset for asset, entry in entries if (entry.get("retention") or {}).get("hold")}


def _tables(platform: Platform, environment: str) -> Iterator[tuple[str, Lake, TableId]]:
    for table in platform.lake.tables(environment):
        yield table.asset, platform.lake, table
    for table in platform.cold.tables(environment) if platform.settings.lake_cold else ():
        yield COLD + table.asset, platform.cold, table
