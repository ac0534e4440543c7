"""One person in rows: which cells are the identifier, which texts mention it, and rows without them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.subject import Hasher, Subject
from assets.kinds.away import blotted, is_text

if TYPE_CHECKING:
    import pyarrow as pa

LINES = ("row", "after")  # of a quarantine and a log: whole rows as JSON


@dataclass(slots=True)
class Hits:
    """Rows of a table that are the person's, by the column that says so, and rows whose texts mention the person.

    `named` are the columns that hold the person, those of rows that lie in a quarantine or log as JSON too.
    """

    rows: int = 0
    columns: dict[str, int] = field(default_factory=dict[str, int])
    mentions: dict[str, int] = field(default_factory=dict[str, int])
    named: set[str] = field(default_factory=set[str])

    def __bool__(self) -> bool:
        return bool(self.rows or self.mentions)


class Searcher:
    """Looks for one person in batches. `linked` are hashes of further values by column, such as the person's number."""

    def __init__(
        self,
        hasher: Hasher,
        subject: Subject,
        *,
        quarantine: bool = False,
        linked: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._hasher, self._subject, self._quarantine = hasher, subject, quarantine
        self._linked = linked or {}
        self.hits = Hits()

    def mine(self, batch: pa.RecordBatch) -> pa.Array:
        """A mask: the rows that are the person's."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pa.array([False] * batch.num_rows)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if not searchable(column.type):
                continue
            hit = self._spread(column, lambda value, name=name: self._is(name, value))
            if count := pc.call_function("sum", [hit]).as_py():
                self.hits.columns[name] = self.hits.columns.get(name, 0) + count
                self.hits.named |= {name} - ({*LINES} if self._quarantine else set())
                found = pc.call_function("or", [found, hit])
        self.hits.rows += pc.call_function("sum", [found]).as_py() or 0
        return found

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch without the person's rows, and with every mention of the person erased from its texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rest = batch.filter(pc.call_function("invert", [self.mine(batch)]))
        columns: list[Any] = []
        for name, column in zip(rest.schema.names, rest.columns, strict=True):
            columns.append(self._quiet(name, column) if is_text(column.type) else column)
        return pa.RecordBatch.from_arrays(columns, schema=rest.schema)

    def _is(self, name: str, value: object) -> bool:
        if self._quarantine and name in LINES:
            mine = {key for key, one in _values(str(value)) if self._named(key, one)}
            self.hits.named |= mine
            return bool(mine)
        return self._named(name, value)

    def _named(self, name: str, value: object) -> bool:
        if self._hasher.names(value, self._subject):
            return True
        known = self._linked.get(name)
        return bool(known) and self._hasher.hash_of(value) in known

    def _spread(self, column: Any, test: Any) -> pa.Array:
        """A test of distinct values, as a mask over the column; null is False."""
        import pyarrow as pa
        import pyarrow.compute as pc

        coded = pc.call_function("dictionary_encode", [column])
        yes = pa.array([value is not None and test(value) for value in coded.dictionary.to_pylist()], pa.bool_())
        spread = yes.take(coded.indices) if len(yes) else pa.nulls(len(column), pa.bool_())
        return pc.call_function("coalesce", [spread, pa.scalar(False)])

    def _quiet(self, name: str, column: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        coded = pc.call_function("dictionary_encode", [column])
        texts = coded.dictionary.to_pylist()
        clean = [self._erased(text) for text in texts]
        changed = pa.array([one != other for one, other in zip(texts, clean, strict=True)], pa.bool_())
        if not len(changed) or not pc.call_function("any", [changed]).as_py():
            return column
        count = pc.call_function("sum", [changed.take(coded.indices)]).as_py() or 0
        self.hits.mentions[name] = self.hits.mentions.get(name, 0) + count
        return pa.array(clean, column.type).take(coded.indices)

    def _erased(self, text: str | None) -> str | None:
        return None if text is None else blotted(text, self._hasher, [self._subject])


def searchable(kind: Any) -> bool:
    """Whether cells of the type can be an identifier: texts and whole numbers; a float may be one of those."""
    import pyarrow.types as pat

    whole = pat.is_integer(kind) or (pat.is_decimal(kind) and kind.scale == 0)
    return is_text(kind) or whole or pat.is_floating(kind)


def _values(row: str) -> Iterable[tuple[str, object]]:
    """The cells of a row that lies in a quarantine or log as JSON."""
    try:
        found: Any = json.loads(row)
    except ValueError:
        return ()
    return [(str(key), value) for key, value in found.items()] if isinstance(found, dict) else ()
