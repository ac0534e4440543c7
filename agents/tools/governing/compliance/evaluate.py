"""A regulation held against a deployment: every control's answer for every table it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from agents.tools.governing.compliance import facts as f
from agents.tools.governing.compliance.packs import Control, Pack
from agents.tools.governing.compliance.platform_checks import PLATFORM_CHECKS
from agents.tools.governing.compliance.table_checks import TABLE_CHECKS
from resources.platform import Platform

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Finding:
    """One control's answer for one table, or the platform. `holds` is None where it cannot be known here."""

    control: str
    reference: str
    title: str
    subject: str
    holds: bool | None
    why: str
    fix: str

    def to_json(self) -> dict[str, Any]:
        """As commands print it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Assessment:
    """A regulation's findings, measured at `at` (UTC)."""

    regulation: str
    title: str
    at: str
    findings: tuple[Finding, ...]

    @property
    def gaps(self) -> list[Finding]:
        """What does not hold."""
        return [finding for finding in self.findings if finding.holds is False]

    @property
    def unknown(self) -> list[Finding]:
        """What cannot be known here."""
        return [finding for finding in self.findings if finding.holds is None]

    @property
    def holding(self) -> int:
        """How many answers are yes."""
        return sum(finding.holds is True for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As commands print it."""
        return {
            "regulation": self.regulation,
            "title": self.title,
            "at": self.at,
            "checked": len(self.findings),
            "holding": self.holding,
            "gaps": len(self.gaps),
            "unknown": len(self.unknown),
            "findings": [finding.to_json() for finding in self.findings],
        }


def assess(platform: Platform, packs: Sequence[Pack], environments: Sequence[str] = ()) -> list[Assessment]:
    """Each regulation over the tables of these environments (all that are loaded, when none is named)."""
    places = environments or platform.settings.environments
    tables = [table for place in places for table in f.tables_of(platform, place)]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [Assessment(pack.name, pack.title, now, tuple(_findings(platform, pack, tables))) for pack in packs]


def known_checks(scope: str) -> frozenset[str]:
    """The names of checks that a control of this scope can have."""
    return frozenset(PLATFORM_CHECKS if scope == PLATFORM else TABLE_CHECKS)


def _findings(platform: Platform, pack: Pack, tables: Sequence[f.TableFacts]) -> Iterator[Finding]:
    for control in pack.controls:
        params = f.Parameters(control.params)
        if control.scope == PLATFORM:
            yield _finding(control, PLATFORM, PLATFORM_CHECKS[control.check](platform, params))
            continue
        for table in tables:
            if control.scope == "all" or table.personal or (table.unclassified and not table.is_view):
                yield _finding(control, str(table.table), TABLE_CHECKS[control.check](table, params))


def _finding(control: Control, subject: str, found: f.Finding) -> Finding:
    return Finding(control.id, control.reference, control.title, subject, found.holds, found.why, found.fix)
