"""What holds where in a goal: connection, layer, schedule; and where a table lands."""

from __future__ import annotations

from agents.core.catalog import Catalog
from agents.roles.supervisor.attributes import scoped
from agents.roles.supervisor.draft import Draft
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.mentions import Mention, resolve
from agents.roles.supervisor.understanding import Understanding


class Scope:
    """Answers, for a place in the goal, which connection, layer, schedule and mode hold there."""

    def __init__(self, understanding: Understanding) -> None:
        self.u = understanding
        self.tables = [mention.at for mention in understanding.mentions if self._is_table(mention)]

    def _is_table(self, mention: Mention) -> bool:
        return bool(resolve(self.u.finder, mention, lambda _: True)[0])

    def connections(self, at: int) -> frozenset[str] | None:
        """Connections a table at this place may be of; None when the goal does not say."""
        return scoped(self.u.connections, at, self.u.clauses, self.tables, carry=True)

    def layer(self, at: int) -> str | None:
        """The layer named for it."""
        built = [layer for layer in self.u.layers if self.u.clause_at(layer.at).start in self.u.summaries]
        said = [layer for layer in self.u.layers if layer not in built or layer.at in self._clause(at)]
        return scoped(said, at, self.u.clauses, self.tables)

    def _clause(self, at: int) -> range:
        home = self.u.clause_at(at)
        return range(home.start, home.end)

    def schedule(self, at: int, draft: Draft) -> str | None:
        """The cron line named for it; a schedule that cron cannot say is asked about."""
        found = scoped(self.u.schedules, at, self.u.clauses, self.tables)
        if found is None:
            return None
        here = self.u.clause_at(at)
        for clause in (here, *(self.u.clause_at(s.at) for s in self.u.schedules if s.value is found)):
            lines = {s.value.cron for s in self.u.schedules if clause.start <= s.at < clause.end}
            if len(lines) > max(1, sum(clause.start <= table < clause.end for table in self.tables)):
                lines = sorted(line for line in lines if line)
                draft.ask("One cron line cannot say this schedule. Which one comes nearest?", tuple(lines))
        return found.cron


def landed(catalog: Catalog, ref: Ref, layer: str = "bronze") -> str:
    """The lake table a reference means: itself, or where the source table lands."""
    return f"{layer}/{catalog.destination(ref.connection, ref.name)}" if ref.connection else ref.name
