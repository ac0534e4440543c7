"""In-memory subclass of each interface of ours, for tests and dry runs."""

from __future__ import annotations

from collections.abc import Mapping

from resources.notifier import Delivery, Notice, Notifier
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


class MemorySecrets(Secrets):
    """Secrets from a mapping."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values

    def _find(self, name: str) -> str | None:
        return self._values.get(name)
