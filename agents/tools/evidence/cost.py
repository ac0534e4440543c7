"""What refreshing and keeping a table costs a month: its schedule, its last run, its bytes, and the owner's prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from agents.tools.evidence.changes import Entry, Specs
from agents.tools.evidence.known import Known
from resources.markdown import Missing
from resources.settings import Settings

_WEEKS_A_MONTH = 365.25 / 12 / 7
_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used in a month. `unknown` says what the figures lack."""

    runs: float = 0.0
    seconds: float = 0.0
    bytes: int = 0
    unknown: tuple[str, ...] = ()

    def usd(self, settings: Settings) -> float | Missing:
        """Its price. Missing without prices: nobody knows here what the owner pays."""
        hour, gigabyte = settings.price_compute_hour, settings.price_storage_gb_month
        unset = [name for name, price in (("compute_hour", hour), ("storage_gb_month", gigabyte)) if price is None]
        if hour is None or gigabyte is None:
            return Missing(f"no price is set (settings {', '.join(f'price_{name}' for name in unset)})")
        return self.seconds / 3600 * hour + self.bytes / 1e9 * gigabyte


def total(usages: Iterable[Usage]) -> Usage:
    """The sum, with all that it lacks."""
    found = list(usages)
    unknown = dict.fromkeys(reason for usage in found for reason in usage.unknown)
    return Usage(
        sum(usage.runs for usage in found),
        sum(usage.seconds for usage in found),
        sum(usage.bytes for usage in found),
        tuple(unknown),
    )


def usage(
    specs: Specs, known: Known, table: TableId, entry: Entry | None, bytes_: int | None, measured: Sequence[TableId]
) -> Usage:
    """A table's month under a spec; `measured` are the tables whose last run may stand for its own, best first."""
    runs = _runs(specs, known, table, entry, frozenset())
    took = next((known.seconds[str(one)] for one in measured if str(one) in known.seconds), None)
    unknown: list[str] = []
    if isinstance(runs, Missing):
        unknown.append(f"runs of {table.asset}: {runs.why}")
        runs = 0.0
    if took is None and runs:
        unknown.append(f"seconds of a run of {table.asset}: Dagster has no run of it")
    if bytes_ is None:
        unknown.append(f"bytes of {table.asset}: it is not in the lake yet")
    return Usage(runs, runs * (took or 0.0), bytes_ or 0, tuple(unknown))


@lru_cache(maxsize=256)
def ticks_a_month(cron: str) -> float:
    """How often a cron line ticks in a month on average."""
    from croniter import croniter

    ticks = croniter(cron, _MONDAY)
    week, year = _MONDAY.timestamp() + 7 * 86_400, _MONDAY.timestamp() + 364 * 86_400
    in_week = 0
    while ticks.get_next(float) <= week:
        in_week += 1
    if in_week >= 5:
        return in_week * _WEEKS_A_MONTH
    ticks, in_year = croniter(cron, _MONDAY), 0
    while ticks.get_next(float) <= year:
        in_year += 1
    return in_year / 52 * _WEEKS_A_MONTH


def _runs(
    specs: Specs, known: Known, table: TableId, entry: Entry | None, above: frozenset[TableId]
) -> float | Missing:
    """Runs a month: of its schedule; without one, a SQL table refreshes with what it reads."""
    if entry is None:
        cron = known.schedules.get(str(table), "")
        return ticks_a_month(cron) if cron else Missing("its code has no cron line")
    if cron := str(entry.get("schedule") or ""):
        return ticks_a_month(cron)
    if entry.get("source"):
        return 0.0
    return _with_what_it_reads(specs, known, table, entry, above | {table})


def _with_what_it_reads(
    specs: Specs, known: Known, table: TableId, entry: Entry, above: frozenset[TableId]
) -> float | Missing:
    """At most as often as all the tables it reads together."""
    from assets.kinds.lineage import reads_of

    runs = 0.0
    try:
        names = reads_of(entry)
    except SpecError as error:
        return Missing(f"its SQL cannot be read: {error.what}")
    for name in names:
        layer, _, bare = name.partition("/")
        read = TableId(table.environment, layer, bare)
        found = None if read in above else specs.entry(read) or specs.desired(read)
        each = _runs(specs, known, read, found[0] if found else None, above) if read not in above else 0.0
        if isinstance(each, Missing):
            return Missing(f"it refreshes with {name}, and of that: {each.why}")
        runs += each
    return runs
