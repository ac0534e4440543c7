"""Tools that say what the columns of a table hold: by its rows, by what people said, by what they said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from agents.core.registry import tool
from agents.tools.governing.corrections import Correction, corrections, same_column
from agents.tools.governing.declared import declared
from agents.tools.session import Session
from agents.tools.specs import entry_of, write_entry
from assets.kinds.spec_classes import NONE, PII
from resources.platform import Platform

# A source is judged by its first rows: a scan must not load it.
SOURCE_ROWS = 50_000
# A scan this sure of another type is believed rather than what a person said of a column elsewhere.
SURE = 0.95


@dataclass(frozen=True, slots=True)
class Class:
    """What a column holds: `pii` is a type or none. `by`: scan, person (in its spec) or learned (elsewhere)."""

    pii: str
    confidence: float
    share: float = 0.0
    by: str = "scan"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Classified:
    """A table's columns. `loosen` are those that people call harmless elsewhere while the scan finds personal data."""

    dataset: str
    rows: int
    columns: Mapping[str, Class] = field(default_factory=dict[str, Class])
    loosen: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def personal(self) -> dict[str, Class]:
        """Only the columns that hold personal data."""
        return {name: found for name, found in self.columns.items() if found.pii != NONE}

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        columns = {name: asdict(found) for name, found in self.columns.items()}
        return {"rows": self.rows, "personal": sorted(self.personal), "columns": columns}


@tool("privacy.scan_table", effect="read")
def scan(session: Session, asset: str) -> Classified:
    """What the columns of a lake table hold. Values leave it never, not even as examples."""
    return scan_of(session, asset)


def scan_of(session: Session, asset: str) -> Classified:
    """The same for other tools."""
    from agents.tools.privacy import scan_table
    from assets.kinds.sides import looked_into

    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        raise TableNotFound(f"{asset} is not in the {session.environment} lake", fix="materialize it first")
    known = corrections(session.platform)
    own = {found.column: found.pii for found in known if found.asset == asset}
    found = scan_table(looked_into(lake, table), hints=own)
    columns = {name: _class(column) for name, column in found.columns.items() if not name.startswith("_")}
    columns |= {name: Class(pii, 1.0, 1.0, "person", "a person said so") for name, pii in own.items()}
    loosen: dict[str, str] = {}
    for name, column in columns.items():
        if name not in own and (said := _elsewhere(known, asset, name)):
            columns[name] = _learned(column, said)
            if said.pii == NONE and column.pii != NONE:
                loosen[name] = said.asset
    return Classified(asset, found.rows, columns, loosen)


@tool("privacy.scan_source", effect="read")
def scan_source(session: Session, connection: str, table: str) -> Classified:
    """What the columns of a source's table hold, by its first rows; nothing is loaded."""
    import pyarrow as pa

    from agents.tools.privacy import scan_table

    with session.platform.sources.read(connection, table, batch_rows=10_000) as stream:
        batches = list(islice(stream, SOURCE_ROWS // 10_000))
        found = scan_table(pa.Table.from_batches(batches, stream.schema))
    columns = {name: _class(column) for name, column in found.columns.items()}
    return Classified(f"{connection}/{table}", found.rows, columns)


@tool("privacy.unmasked", effect="read")
def unmasked(session: Session, assets: Sequence[str]) -> dict[str, list[str]]:
    """By table the personal columns that a release into production would show: tables nobody scanned are scanned now.

    What a spec says of columns, policy has judged before; here is looked at what no spec speaks of.
    """
    views, below = declared(session.platform, "dev"), replace(session, environment="dev")
    found: dict[str, list[str]] = {}
    for asset in unclassified(session.platform, assets):
        shown = {name for name, view in views.items() if (view.get("masked") or {}).get("source") == asset}
        if not any(view in assets or _exists(session, view) for view in shown):
            found |= {asset: sorted(scan_of(below, asset).personal)}
    return {asset: columns for asset, columns in found.items() if columns}


def unclassified(platform: Platform, assets: Iterable[str]) -> list[str]:
    """Of these, the tables in dev of whose columns no spec says what they hold."""
    found: list[str] = []
    for asset in assets:
        entry = (platform.specs.find(asset) or ("", {}))[1]
        known = any(column.get("pii") for column in (entry.get("columns") or {}).values())
        said = known or entry.get("masked") or (entry.get("tags") or {}).get(PII)
        if not said and platform.lake.exists(TableId("dev", *asset.split("/", 1))):
            found.append(asset)
    return found


@tool("privacy.loosen", effect="delete")
def loosen(session: Session, asset: str, columns: Sequence[str]) -> dict[str, Any]:
    """Write that columns hold no personal data. What was shown once cannot be called back: hence its effect."""
    current: Mapping[str, Any] = entry_of(session, asset).get("columns") or {}
    entry = {name: dict(column) for name, column in current.items()}
    for name in columns:
        entry[name] = {**entry.get(name, {}), "pii": NONE, "confidence": 1.0}
    return write_entry(session, asset, "", {"columns": entry})


@tool("privacy.view_name", effect="read")
def view_name(session: Session, asset: str) -> str:
    """Where the masked view of a table stands: under its name, unless another table's view has that."""
    layer, _, name = asset.partition("/")
    found = entry_of(session, f"masked/{name}")
    taken = bool(found) and (found.get("masked") or {}).get("source") != asset
    return f"masked/{layer}_{name}" if taken else f"masked/{name}"


@tool("privacy.classify", effect="write_spec")
def classify(session: Session, asset: str, found: Classified) -> dict[str, Any]:
    """Write into the spec what the columns of a table hold; what a person decided stays, and so do masks."""
    return write_entry(session, asset, "", {"columns": _entry(session, found)})


def _entry(session: Session, found: Classified) -> dict[str, Any]:
    current: Mapping[str, Any] = entry_of(session, found.dataset).get("columns") or {}
    made: dict[str, Any] = {name: dict(current.get(name) or {}) for name in found.columns}
    for name, column in found.columns.items():
        if column.by != "person":
            made[name] |= {"pii": column.pii, "confidence": round(column.confidence, 2)}
    return {name: entry for name, entry in made.items() if entry}


def _exists(session: Session, asset: str) -> bool:
    return session.platform.lake.exists(session.table(asset))


def _class(column: Any) -> Class:
    return Class(
        column.type if column.pii else NONE, float(column.confidence), float(column.share), "scan", column.reason
    )


def _elsewhere(known: list[Correction], asset: str, name: str) -> Correction | None:
    """What people said of a like column of other tables; nothing where they do not agree."""
    said = [found for found in known if found.asset != asset and same_column(found.column, name)]
    return said[0] if said and len({found.pii for found in said}) == 1 else None


def _learned(column: Class, said: Correction) -> Class:
    """A person's word on a like column, unless the rows are sure to hold something else; it never loosens by itself."""
    if said.pii in (NONE, column.pii) or (column.pii != NONE and column.confidence >= SURE):
        return column
    why = f"a person called {said.asset}.{said.column} {said.pii}"
    return replace(column, pii=said.pii, confidence=0.8, by="learned", reason=why)
