"""Tools for one person's rights: where the person is in the lake, and that the person is gone after an erasure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.registry import tool
from agents.core.subject import PURPOSE, Hasher, Subject, parse_subject
from agents.tools.governing.declared import declared
from agents.tools.governing.subject_rows import Searcher
from agents.tools.session import Session
from resources.erasures import Erased
from resources.lake import Lake
from resources.platform import Platform
from resources.production import base_of

if TYPE_CHECKING:
    import pyarrow as pa

COLD = "cold/"
TEXTS = ""  # in the place of a column, for a person whom texts alone mention


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
def erase(
    session: Session, subject: str, assets: Sequence[str], follow: Sequence[str] = (), request: str = ""
) -> dict[str, int]:
    """Erase a person from these tables, their quarantine, log and archive: rows go, mentions in texts are blotted out.

    Before that it is written down, as hashes, in which columns the person was: no load brings these rows back.
    Tables under a legal hold stay as they are. Rows erased by table; each table changes in one commit.
    """
    platform, wanted = session.platform, parse_subject(subject)
    linked = _linked(platform, session.environment, wanted, follow)
    named, held = set(assets), _held(platform, session.environment)
    found = [
        (name, lake, table, hits)
        for name, lake, table in _tables(platform, session.environment)
        if (hits := _search(platform, lake, table, wanted, linked))
    ]
    columns = {column for *_, hits in found for column in hits.named}
    _keep_away(session, wanted, columns, linked, request)
    done = dict[str, int]()
    for name, lake, table, hits in found:
        mine = {name, table.asset, *([base.asset] if (base := base_of(table)) else [])}
        if mine & named and not mine & held:
            done[name] = hits.rows + sum(hits.mentions.values())
            _rewrite(lake, table, _searcher(platform, table, wanted, linked))
    return done


@tool("subject.allow", effect="delete")
def allow(session: Session, subject: str) -> list[str]:
    """Let an erased person's rows land again; the columns in which they were kept out."""
    platform, asked = session.platform, parse_subject(subject)
    gone = platform.erasures.forget(session.environment, [str(asked)])
    columns = sorted({each.column or "texts" for each in gone})
    _written(session, str(asked), "may come back", {"columns": columns})
    return columns


@tool("subject.allow_lost", effect="delete")
def allow_lost(session: Session) -> dict[str, int]:
    """Give up keeping out people whose hashes belong to a key that is gone; of how many people, in which columns."""
    platform = session.platform
    keys = {each.fingerprint for each in hashers(platform)}
    lost = [each for each in platform.erasures.of(session.environment) if each.key not in keys]
    platform.erasures.forget(session.environment, {each.subject for each in lost})
    found = dict.fromkeys(sorted({each.column for each in lost}), 0)
    for each in lost:
        found[each.column] += 1
    _written(session, "", "people of a lost key may come back", {"columns": found})
    return found


def _keep_away(
    session: Session, subject: Subject, columns: set[str], linked: Mapping[str, frozenset[str]], request: str
) -> None:
    """Write down where a person was, before anything is erased: a kill at any point lets nobody come back."""
    key, platform = hasher(session.platform).fingerprint, session.platform
    own = {(column, subject.hash) for column in columns if column not in linked} or {(TEXTS, subject.hash)}
    followed = {(column, value) for column, hashes in linked.items() for value in hashes}
    entries = [Erased(str(subject), *each, key, request) for each in sorted(own | followed)]
    if platform.erasures.record(session.environment, entries):
        facts = {"columns": sorted({each.column for each in entries}), "request": request}
        _written(session, str(subject), "erased: rows do not land again", facts)


def _written(session: Session, subject: str, what: str, facts: Mapping[str, Any]) -> None:
    """In the audit trail, by the hash."""
    told = {"environment": session.environment, "goal": session.goal, **facts}
    session.platform.ledger.append("subject", session.agent, what, subject=subject, facts=told)


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


def kept_away(platform: Platform, environment: str, identifier: str) -> list[str]:
    """As which subjects a person is kept out: one for each key under which the person was erased."""
    mine = {str(each.subject(identifier)) for each in hashers(platform)}
    return sorted(mine & {each.subject for each in platform.erasures.of(environment)})


def hashers(platform: Platform) -> list[Hasher]:
    """One for each key that this deployment has, the present one first."""
    return [Hasher(key) for key in platform.keys.all_derived(PURPOSE)]


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
    """Hashes of what the person's own rows hold in the columns to follow, by column.

    An erasure that died half-way has written down those of rows that are gone.
    """
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
    for known in platform.erasures.of(environment) if follow else ():
        if (known.subject, known.key) == (str(subject), made.fingerprint) and known.column in follow:
            found.setdefault(known.column, set()).add(known.hash)
    return {name: frozenset(hashes) for name, hashes in found.items()}


def _held(platform: Platform, environment: str) -> set[str]:
    entries = declared(platform, environment).items()
    return {asset for asset, entry in entries if (entry.get("retention") or {}).get("hold")}


def _tables(platform: Platform, environment: str) -> Iterator[tuple[str, Lake, TableId]]:
    for table in platform.lake.tables(environment):
        yield table.asset, platform.lake, table
    for table in platform.cold.tables(environment) if platform.settings.lake_cold else ():
        yield COLD + table.asset, platform.cold, table
