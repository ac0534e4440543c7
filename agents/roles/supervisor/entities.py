"""What a goal's nouns may refer to: source tables, lake tables and connections, scored by meaning."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agents.core.catalog import Catalog, split_name
from agents.core.words import Speller, distance, pieces, root, shortens, singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.reading import Token

ENOUGH, MARGIN = 0.62, 0.05
_JOINED = re.compile(r"[._/\-]")
_TAILS = v.word_set(
    "data table list history log master info record header detail entry file catalog register registry directory "
    "export archive backup old"
)
_SYNONYM_OF: dict[str, frozenset[str]] = {}
for _group in v.SYNONYMS:
    _roots = frozenset(map(root, _group))
    for _word in _roots:
        _SYNONYM_OF[_word] = _SYNONYM_OF.get(_word, frozenset()) | _roots


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A table: of a connection, or of the lake (`connection` is ""; `name` is `layer/table`)."""

    connection: str
    name: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.name}" if self.connection else self.name


@dataclass
class Entry:
    """A table as its name's words tell it; `near` are the words of its schema, connection and description."""

    ref: Ref
    words: tuple[str, ...]
    heads: frozenset[str]
    near: frozenset[str]
    columns: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def column_words(self) -> frozenset[str]:
        """The words in its columns' names."""
        return frozenset(singular(piece) for column in self.columns for piece in pieces(column))


class Finder:
    """An index of a catalog's names."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.entries: dict[Ref, Entry] = {}
        self.exact: dict[str, set[Ref]] = {}
        self.spelled: dict[str, set[Ref]] = {}
        self.by_word: dict[str, list[Entry]] = {}
        self._related: dict[str, dict[str, float]] = {}
        self._scores: dict[tuple[str, ...], list[tuple[float, Ref]]] = {}
        self.destinations = catalog.destinations()
        self.connection_words = {name: _connection_words(catalog, name) for name in catalog.connections}
        for name, connection in catalog.connections.items():
            near = frozenset(singular(word) for word in self.connection_words[name])
            for table in connection.tables.values():
                schema, bare = split_name(table.name, connection.kind)
                told = near | {singular(word) for word in (*pieces(schema), *pieces(table.description))}
                self._add(
                    Ref(name, table.name), bare, told, table.columns, _source_names(name, table.name, schema, bare)
                )
        for lake in catalog.lake.values():
            layer, _, bare = lake.name.partition("/")
            names = (lake.name, lake.name.replace("/", "."), bare)
            self._add(Ref("", lake.name), bare, frozenset({layer}), lake.columns, names)

    def _add(self, ref: Ref, bare: str, near: frozenset[str], columns: Mapping[str, str], names: Iterable[str]) -> None:
        for name in names:
            self.exact.setdefault(name.lower(), set()).add(ref)
        words = tuple(singular(word) for word in pieces(bare))
        kept = tuple(word for word in words if word not in v.NOISE and not word.isdigit()) or words or (bare.lower(),)
        self.spelled.setdefault("".join(kept), set()).add(ref)
        entry = Entry(ref, kept, _heads(kept), near, columns)
        self.entries[ref] = entry
        for word in set(kept):
            self.by_word.setdefault(word, []).append(entry)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the catalog's names, as written."""
        found: set[str] = set()
        for ref, entry in self.entries.items():
            found.update(pieces(ref.name))
            for column in entry.columns:
                found.update(pieces(column))
        for words in self.connection_words.values():
            found |= words
        return frozenset(found)

    @cached_property
    def speller(self) -> Speller:
        """Knows the catalog's words and the planner's own."""
        nouns = {word for word in self.words if word.isalpha()}
        plurals = {word + "s" for word in nouns if len(word) > 3 and not word.endswith("s")}
        return Speller(nouns | plurals | {singular(word) for word in nouns} | v.LEXICON)

    def known(self, name: str) -> bool:
        """Whether a table, column or connection has exactly this name, and it is more than an ordinary word."""
        return name in self._compounds

    @cached_property
    def _compounds(self) -> frozenset[str]:
        bare = {name for ref in self.entries for name in (ref.name.rpartition(".")[2], ref.name.rpartition("/")[2])}
        written = bare | {column for entry in self.entries.values() for column in entry.columns}
        told = {name.lower() for name in written if len(pieces(name)) > 1}
        return frozenset({name for name in (*self.exact, *self.connections_named) if _JOINED.search(name)} | told)

    @cached_property
    def connections_named(self) -> dict[str, str]:
        """Connections by lower-case name."""
        return {name.lower(): name for name in self.catalog.connections}

    def is_column(self, token: Token) -> bool:
        """Whether a token written as a name is a column's and no table's."""
        return token.kind == "name" and token.word not in self.exact and token.word in self.columns

    @cached_property
    def spelled_columns(self) -> frozenset[str]:
        """All columns, as their words without what joins them."""
        return frozenset("".join(pieces(column)) for entry in self.entries.values() for column in entry.columns)

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns, lower case."""
        return frozenset(column.lower() for entry in self.entries.values() for column in entry.columns)

    def weight(self, word: str) -> float:
        """Rare words tell more: 1 for a word of one table, down to 0.3 for a word of all."""
        share = len(self.by_word.get(word, ())) / max(len(self.entries), 2)
        return (
            1.0 if share <= 0 else max(0.3, min(1.0, -math.log(min(share, 1.0)) / math.log(max(len(self.entries), 3))))
        )

    def related(self, word: str) -> dict[str, float]:
        """Words of table names that mean the same, and how surely."""
        word = singular(word)
        if word not in self._related:
            self._related[word] = {name: strength for name in self.by_word if (strength := likeness(word, name)) > 0}
        return self._related[word]

    def score(self, nouns: Sequence[str], keep: Callable[[Ref], bool]) -> list[tuple[float, Ref]]:
        """Tables that a noun phrase may name, best first."""
        names = tuple(singular(noun) for noun in nouns)
        if names not in self._scores:
            self._scores[names] = self._score(names)
        return [(score, ref) for score, ref in self._scores[names] if keep(ref)]

    def _score(self, nouns: tuple[str, ...]) -> list[tuple[float, Ref]]:
        whole = self.spelled.get("".join(nouns), set[Ref]())
        candidates = {e.ref: e for noun in nouns for name in self.related(noun) for e in self.by_word[name]}
        candidates |= {ref: self.entries[ref] for ref in whole}
        found = [(1.0 if ref in whole else self._fit(nouns, entry), ref) for ref, entry in candidates.items()]
        return sorted(((round(score, 4), ref) for score, ref in found if score > 0), key=lambda f: (-f[0], f[1]))

    def _fit(self, nouns: Sequence[str], entry: Entry) -> float:
        """0 to 1: how much of the name was said, how much of what was said it explains, and if the head is said."""
        links = [{name: s for name, s in self.related(noun).items() if name in entry.words} for noun in nouns]
        said = {name: max((link.get(name, 0.0) for link in links), default=0.0) for name in entry.words}
        weights = {name: self.weight(name) for name in entry.words}
        coverage = sum(weights[name] * said[name] for name in entry.words) / sum(weights[n] for n in entry.words)
        explained = [
            max(link.values(), default=0.0) or self._explains(entry, noun)
            for link, noun in zip(links, nouns, strict=True)
        ]
        head = max((strength for name, strength in links[-1].items() if name in entry.heads), default=0.0)
        if not head:
            return min(0.5, 0.4 * coverage + 0.1 * sum(explained) / len(nouns))
        return 0.5 * coverage + 0.3 * sum(explained) / len(nouns) + 0.2 * head

    def _explains(self, entry: Entry, noun: str) -> float:
        if noun in entry.near:
            return 0.9
        if noun in entry.column_words or any(likeness(noun, word) >= 0.8 for word in entry.column_words):
            return 0.8
        return 0.0

    def explains(self, ref: Ref, noun: str) -> bool:
        """Whether a table's name, columns, schema or connection know the word."""
        entry = self.entries[ref]
        return singular(noun) in entry.words or self._explains(entry, singular(noun)) > 0

    def nearest(self, nouns: Sequence[str], keep: Callable[[Ref], bool], limit: int = 5) -> tuple[str, ...]:
        """The tables most like what was said, for a question."""
        scored = [str(ref) for _, ref in self.score(nouns, keep)[:limit]]
        if len(scored) < limit:
            word = "".join(singular(noun) for noun in nouns)
            rest = sorted(
                (distance(word, "".join(entry.words), 3), str(ref)) for ref, entry in self.entries.items() if keep(ref)
            )
            scored += [name for _, name in rest if name not in scored][: limit - len(scored)]
        return tuple(scored)

    def connections_like(self, nouns: Sequence[str], enough: float = 0.6) -> list[str]:
        """Connections that a noun phrase may name: those that explain most of it, none if less than `enough`."""
        told = frozenset(word for words in self.connection_words.values() for word in words)
        wanted = [singular(noun) for noun in nouns if noun not in v.STOP and (noun not in v.SYSTEMS or noun in told)]
        if not wanted:
            return []
        scores = {
            name: sum(_names(words, noun) for noun in wanted) / len(wanted)
            for name, words in self.connection_words.items()
        }
        best = max(scores.values(), default=0.0)
        return [name for name, score in scores.items() if score == best] if best >= enough else []


def _names(words: frozenset[str], noun: str) -> float:
    if noun in {singular(word) for word in words}:
        return 1.0
    if noun in v.FOREIGN:
        return 0.0
    return 0.8 if any(_like_system(noun, word) for word in words) else 0.0


def _like_system(noun: str, word: str) -> bool:
    """`customers` may mean a system called `cust`; `salesforce` is another one than `sales`."""
    name = singular(word)
    continued = noun.startswith(name) and len(word) > 4 and root(noun) != root(name)
    return likeness(noun, name) >= 0.75 and not continued


def likeness(said: str, name: str) -> float:
    """How surely a word that was said means a word of a name: same, same root, synonym, abbreviation."""
    if said == name:
        return 1.0
    if said in (name + "d", name + "ed"):
        return 0.9
    if len(said) > 3 and len(name) > 3 and root(said) == root(name):
        return 0.9
    if root(name) in _SYNONYM_OF.get(root(said), ()):
        return 0.8
    return 0.75 if shortens(name, said) or shortens(said, name) else 0.0


def _heads(words: tuple[str, ...]) -> frozenset[str]:
    """The noun a name is about is its last word; a tail like `history` leaves the one before in play too."""
    heads = {words[-1]}
    for word, before in zip(reversed(words), reversed(words[:-1]), strict=False):
        if word not in _TAILS:
            break
        heads.add(before)
    return frozenset(heads)


def _source_names(connection: str, table: str, schema: str, bare: str) -> set[str]:
    names = {
        table,
        bare,
        f"{connection}/{table}",
        f"{connection}.{table}",
        f"{connection}/{bare}",
        f"{connection}.{bare}",
    }
    return names | {f"{schema}.{bare}"} if schema else names


def _connection_words(catalog: Catalog, name: str) -> frozenset[str]:
    connection = catalog.connections[name]
    told = pieces(connection.description)
    words = {
        w
        for w in (*pieces(name), *told)
        if w not in v.STOP and (w not in v.SYSTEMS or w in ("warehouse", "shop", "store"))
    }
    words |= {
        piece
        for alias in v.KIND_WORDS.get(connection.kind, ())
        for piece in pieces(alias)
        if piece not in ("my", "ms", "sql", "server", "db", "duck", "t")
    }
    content = [word for word in told if word not in ("the", "a", "an", "our", "for")]
    for size in range(2, min(5, len(content)) + 1):
        words.add("".join(word[0] for word in content[:size]))
    return frozenset(words)
