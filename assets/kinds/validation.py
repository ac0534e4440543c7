"""What is wrong in a product beyond its shape: checked when definitions load and before an agent's spec is written.

Pure: no Dagster, no lake. What needs the data (columns) is checked when a table runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches

from agents.core.catalog import ENVIRONMENTS, TableId
from agents.core.errors import SpecError
from assets.kinds.cron import cron_problem
from assets.kinds.documents import Document
from assets.kinds.lineage import reads
from assets.kinds.spec import Extension, Table
from assets.kinds.validation_entries import (
    check_contract,
    check_freshness,
    check_labels,
    check_override,
    check_rules,
)
from assets.kinds.validation_masks import check_columns, check_origin


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of a product, with the product's owners and tags, and the lake tables (`layer/table`) that it reads.

    `content` is the digest of what the table will hold.
    """

    document: Document
    index: int
    table: Table
    reads: tuple[str, ...]
    content: str


@dataclass(frozen=True, slots=True)
class ExtensionEntry:
    """One extension of a product, with the product's owners and tags."""

    document: Document
    index: int
    extension: Extension


@dataclass(slots=True)
class Checked:
    """What holds together, and the error of each file that does not."""

    tables: list[Entry] = field(default_factory=list[Entry])
    extensions: list[ExtensionEntry] = field(default_factory=list[ExtensionEntry])
    problems: list[SpecError] = field(default_factory=list[SpecError])


def check_products(
    documents: Sequence[Document], python: Collection[TableId] = (), problems: Sequence[SpecError] = ()
) -> Checked:
    """Keep the documents that hold together; a document with an error is left out whole, the others stand.

    Of two files that declare one table the later loses that table alone: what else it holds has nothing to do with it.
    `python` are tables made by assets people wrote. While any file is broken, SQL may read a table nobody declares: it
    may be declared there.
    """
    found = list(problems)
    entries: dict[int, list[Entry]] = {}
    declared: dict[TableId, Document | None] = dict.fromkeys(python)
    for number, document in enumerate(documents):
        try:
            own = [_entry(document, index) for index in range(len(document.product.tables))]
            _check_extensions(document)
            claimed, own = _claims(own, declared, found)
        except SpecError as error:
            found.append(error)
            continue
        declared.update(claimed)
        entries[number] = own
    lenient = bool(found)
    checked = Checked(problems=found)
    taken: dict[TableId, Document] = {}
    cyclic = _cyclic([entry for own in entries.values() for entry in own])
    for number, own in entries.items():
        try:
            for entry in own:
                _check_reads(entry, declared, cyclic, lenient)
            extensions = [
                ExtensionEntry(document, i, document.product.extension(e))
                for document in (documents[number],)
                for i, e in enumerate(document.product.extensions)
            ]
            for extension in extensions:
                _check_extended(extension, declared, taken, set(python), lenient)
        except SpecError as error:
            found.append(error)
            continue
        checked.tables += own
        checked.extensions += extensions
    return checked


def _entry(document: Document, index: int) -> Entry:
    table = document.product.effective(document.product.tables[index])
    at = ("tables", index)
    check_origin(document, at, table)
    if table.layer == "quarantine":
        raise document.error("the layer quarantine is the platform's own", (*at, "layer"), "choose another layer")
    if table.source and table.source.mode == "incremental" and not table.source.watermark:
        raise document.error(
            "mode incremental needs a watermark", (*at, "source"), "name the column in source.watermark"
        )
    if table.schedule is not None and (fix := cron_problem(table.schedule)):
        raise document.error(f"{table.schedule!r} is not a cron line", (*at, "schedule"), fix)
    check_freshness(document, at, table.freshness_hours)
    check_contract(document, at, table.contract)
    check_columns(document, at, table.columns)
    for name in ("key", "partition_by", "environments"):
        if len(set(values := getattr(table, name))) != len(values):
            raise document.error(f"{name} names a value twice", (*at, name))
    check_labels(document, at, table.owners, table.tags)
    check_override(document, at, table.override)
    content = check_rules(document, at, table.rules, table)
    if table.sql is None:
        return Entry(document, index, table, (table.masked.source,) if table.masked else (), content)
    try:
        return Entry(document, index, table, reads(table.sql), content)
    except SpecError as error:
        raise document.error(f"{table.asset}: {error.what}", (*at, "sql"), error.fix) from error


def _check_extensions(document: Document) -> None:
    for index, extension in enumerate(document.product.extensions):
        at = ("extensions", index)
        check_freshness(document, at, extension.freshness_hours)
        check_contract(document, at, extension.contract)
        check_columns(document, at, extension.columns)
        check_labels(document, at, extension.owners, extension.tags)
        check_override(document, at, extension.override)
        check_rules(document, at, extension.rules, extension)


def _claims(
    entries: Iterable[Entry], declared: Mapping[TableId, Document | None], problems: list[SpecError]
) -> tuple[dict[TableId, Document], list[Entry]]:
    """What one document declares, and its entries without those that another one, or a Python asset, declares too."""
    claims: dict[TableId, Document] = {}
    kept: list[Entry] = []
    for entry in entries:
        document, index, table = entry.document, entry.index, entry.table
        names = [TableId(environment, table.layer, table.name) for environment in table.environments]
        for name in names:
            if name in claims or name in declared:
                other = claims.get(name) or declared[name]
                by = f"in {other.path}" if other else "by a Python asset"
                what = f"{table.asset} is already declared {by}"
                error = document.error(what, ("tables", index), "remove one of them; until then that one holds")
                if name in claims:
                    raise error
                problems.append(error)
                break
        else:
            claims |= dict.fromkeys(names, document)
            kept.append(entry)
    return claims, kept


def _check_reads(entry: Entry, declared: Mapping[TableId, object], cyclic: Set[tuple[str, str]], lenient: bool) -> None:
    document, index, table, names = entry.document, entry.index, entry.table, entry.reads
    at = ("tables", index, *(("masked", "source") if table.masked else ("sql",)))
    for environment in table.environments:
        if (environment, table.asset) in cyclic:
            raise document.error(f"{table.asset} reads itself, through {', '.join(names)}", at)
        for name in names:
            layer, _, bare = name.partition("/")
            if layer == "quarantine" or lenient or TableId(environment, layer, bare) in declared:
                continue
            said = name if table.masked else f"{layer}.{bare}"
            what = f"{table.asset} reads {said}, which is not a table of {environment}"
            fix = _nearest(name, environment, declared, "/" if table.masked else ".")
            raise document.error(what, at, fix)


def _check_extended(
    entry: ExtensionEntry,
    declared: Mapping[TableId, object],
    taken: dict[TableId, Document],
    python: Set[TableId],
    lenient: bool,
) -> None:
    document, index, extension = entry.document, entry.index, entry.extension
    layer, _, name = extension.asset.partition("/")
    for environment in extension.environments:
        table = TableId(environment, layer, name)
        if (other := taken.setdefault(table, document)) is not document or index != _first(document, extension.asset):
            what = f"{extension.asset} is already extended in {other.path}"
            raise document.error(what, ("extensions", index), "keep one entry for an asset")
        if table in python:
            continue
        if table in declared:
            what = f"{extension.asset} is a table of a product, not a Python asset"
            raise document.error(what, ("extensions", index), "put the rules into the table's own entry")
        if not lenient:
            what = f"{extension.asset} is not an asset of {environment}"
            fix = _nearest(extension.asset, environment, dict.fromkeys(python)) or "write it in assets/products/ first"
            raise document.error(what, ("extensions", index, "asset"), fix)


def _first(document: Document, asset: str) -> int:
    return next(i for i, extension in enumerate(document.product.extensions) if extension.asset == asset)


def _nearest(name: str, environment: str, declared: Iterable[TableId], joint: str = ".") -> str:
    known = [table.asset for table in declared if table.environment == environment]
    if near := get_close_matches(name, known, n=1, cutoff=0.5):
        return f"did you mean {near[0].replace('/', joint)}?"
    elsewhere = sorted({table.environment for table in declared if table.asset == name}, key=ENVIRONMENTS.index)
    return (
        f"it is in {', '.join(elsewhere)}: add it to {environment}" if elsewhere else "add the table, or mend the name"
    )


def _cyclic(entries: Sequence[Entry]) -> set[tuple[str, str]]:
    """`(environment, layer/table)` of every SQL table that, in the end, reads itself."""
    edges: dict[tuple[str, str], tuple[str, ...]] = {
        (environment, entry.table.asset): entry.reads
        for entry in entries
        if entry.reads
        for environment in entry.table.environments
    }
    safe: set[tuple[str, str]] = set()
    cyclic: set[tuple[str, str]] = set()
    for start in edges:
        for node in _reachable_back(start, edges, safe):
            cyclic.add(node)
    return cyclic


def _reachable_back(
    start: tuple[str, str], edges: Mapping[tuple[str, str], tuple[str, ...]], safe: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """`start` when a path leads from it back to it."""
    seen: set[tuple[str, str]] = set()
    stack = [(start[0], name) for name in edges[start]]
    while stack:
        node = stack.pop()
        if node == start:
            yield start
            return
        if node in seen or node in safe:
            continue
        seen.add(node)
        stack += [(node[0], name) for name in edges.get(node, ())]
    safe.add(start)
