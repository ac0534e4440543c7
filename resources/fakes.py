"""In-memory subclass of each interface of ours, for tests and dry runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import PlatformError, Unreachable
from resources.catalogs import Catalog, Described
from resources.ledger import Entry
from resources.llm import LanguageModel, Usage
from resources.notifier import Delivery, Notice, Notifier
from resources.orchestrator import ChildRun, Materialized, Orchestrator
from resources.secrets import Secrets


class MemoryNotifier(Notifier):
    """Keeps notices in `notices`; targets whose `to` is in `failing` report a failure."""

    def __init__(self, failing: frozenset[str] = frozenset()) -> None:
        self.notices: list[Notice] = []
        self._failing = failing

    def notify(self, notice: Notice) -> list[Delivery]:
        """Keep the notice."""
        self.notices.append(notice)
        return [
            Delivery(t.kind, t.to, t.to not in self._failing, "failing" if t.to in self._failing else "")
            for t in notice.targets
        ]


class MemoryCatalog(Catalog):
    """Keeps what it was told in `tables`, unless it is out of reach."""

    def __init__(self, name: str, *, reachable: bool = True) -> None:
        self.name = name
        self.tables: list[Described] = []
        self._reachable = reachable

    def publish(self, table: Described) -> str:
        """Keep it."""
        if not self._reachable:
            raise Unreachable("no answer", where=self.name, fix="start it")
        self.tables.append(table)
        return "kept"


class MemorySecrets(Secrets):
    """Secrets from a mapping."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values

    def _find(self, name: str) -> str | None:
        return self._values.get(name)


class MemoryLanguageModel(LanguageModel):
    """Gives the replies it was made with, one after the other, and keeps what it was asked in `asked`."""

    def __init__(self, *replies: Mapping[str, Any] | PlatformError) -> None:
        super().__init__("memory")
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._replies = list(replies)

    def ask(self, instructions: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The next reply, raised where it is an error; an empty one after the last."""
        self.asked.append((instructions, data))
        self.used += Usage(1, len(str(data)), 0)
        reply = self._replies.pop(0) if self._replies else {}
        if isinstance(reply, PlatformError):
            raise reply
        return reply


class MemoryLedger:
    """Keeps what it is told in `entries`."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(
        self,
        kind: str,
        who: str,
        what: str,
        *,
        subject: str = "",
        why: str = "",
        digest: str = "",
        trace: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> int:
        """Keep one entry; its number."""
        self.entries.append(Entry(kind, who, what, subject, why, digest, trace, facts or {}))
        return len(self.entries)


class MemoryOrchestrator(Orchestrator):
    """Says of every table what it was made to say, and keeps what it was asked in `reloads`, `runs` and `reports`."""

    def __init__(self, left: Mapping[TableId, Materialized] | None = None, error: str = "") -> None:
        self.reloads = 0
        self.runs: list[tuple[TableId, ...]] = []
        self.reports: dict[str, str] = {}
        self.observed: list[tuple[TableId, Mapping[str, str | int | float]]] = []
        self.reading: dict[TableId, list[TableId]] = {}
        self._left, self._error = dict(left or {}), error

    def reload(self) -> None:
        """Count it."""
        self.reloads += 1

    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        """A run that left what was given for these tables."""
        self.runs.append(tuple(tables))
        left = {table: self._left[table] for table in tables if table in self._left}
        return ChildRun(f"run-{len(self.runs)}", not self._error, self._error, left)

    def readers(self, table: TableId) -> list[TableId]:
        """What `reading` says reads it."""
        return self.reading.get(table, [])

    def publish(self, goal: str, markdown: str, facts: Mapping[str, str | int | float]) -> None:
        """Keep the report."""
        self.reports[goal] = markdown

    def observe(self, table: TableId, facts: Mapping[str, Any], words: str) -> None:
        """Keep what was told."""
        self.observed.append((table, dict(facts)))

    def known(self) -> frozenset[TableId]:
        """The tables it was given."""
        return frozenset(self._left)
