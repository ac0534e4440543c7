"""The evidence card: one page of markdown that says what would happen, what is known of it, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.core.approval import ApprovalRequest
from agents.tools.evidence import wording
from agents.tools.evidence.charts import Bars, bar_chart, risk_badge
from agents.tools.evidence.details import details
from agents.tools.evidence.gather import Evidence, Readers, Size, TableEvidence, gather
from agents.tools.evidence.gone import gone
from agents.tools.evidence.known import Check, Known
from agents.tools.evidence.personal import Personal
from agents.tools.evidence.reading import reading_card
from resources.markdown import (
    UNKNOWN,
    Missing,
    block,
    count,
    listed,
    moment,
    money,
    person,
    plain,
    quoted,
    size,
    table,
)
from resources.platform import Platform
from resources.settings import Settings

_DIFF_LINES = 32
_CHARTED = 6


def card_of(platform: Platform, request: ApprovalRequest, *, known: Known) -> str:
    """The card of a request, measured now. Holds names, counts and specs; never values of rows, never secrets."""
    if (access := request.effects.access) is not None:
        return reading_card(request, access)
    return render(request, gather(platform, request, known), platform.settings, gone(platform, request))


def decided_card(request: ApprovalRequest) -> str:
    """What became of a request: its state, who said what, and what it was."""
    rows = [
        (person(d.who), f"**{d.choice}**", listed(sorted(d.groups)), moment(d.at), quoted(d.note) if d.note else "")
        for d in request.decisions
    ]
    lines = [
        f"## {plain(request.id)} is {request.state}: {wording.title(request.effects)}",
        "",
        f"Asked by {wording.asker(request)}. {_why(request)}",
        *(table(("who", "decision", "groups", "when", "note"), rows) if rows else ["", "Nobody decided.", ""]),
        f"Digest `{request.digest}`.",
    ]
    return "\n".join(lines)


def render(request: ApprovalRequest, evidence: Evidence, settings: Settings, lost: Sequence[str] = ()) -> str:
    """The card's markdown; `lost` says what would be gone."""
    return "\n".join(
        [
            f"## {risk_badge(request.risk.level)} {wording.title(request.effects)}",
            "",
            f"{_reasons(request)}{plain(request.id)} waits until **{moment(request.expires)}**; no answer means no.",
            "",
            *lost,
            *_changes(evidence),
            *_charts(evidence, settings),
            *_diff(evidence.tables),
            *table(("", ""), details(request, evidence, settings)),
            *_missing(evidence),
        ]
    )


def _reasons(request: ApprovalRequest) -> str:
    return f"**Why risky:** {plain('; '.join(request.risk.reasons))}. " if request.risk.reasons else ""


def _why(request: ApprovalRequest) -> str:
    return f"Reason: {quoted(request.reason)}." if request.reason else ""


def _changes(evidence: Evidence) -> list[str]:
    if not evidence.tables:
        return []
    where = f"{evidence.tables[0].change.asset.partition('/')[0]} → {evidence.lower}"
    header = ("table", "spec", f"rows {where}", "size", f"checks in {evidence.lower}", "read by", "personal data")
    found = table(header, (_row(one) for one in evidence.tables))
    if evidence.further:
        names = listed((f"{c.asset} ({c.kind or UNKNOWN})" for c in evidence.further), 4)
        found.insert(-1, f"| **{count(len(evidence.further), 'further table')}**: {names}" + " |" * len(header))
    return found


def _row(one: TableEvidence) -> tuple[str, ...]:
    now, below = one.now, one.lower
    return (
        quoted(one.change.asset),
        _kind(one),
        f"{_rows(now)} → {_rows(below)}",
        f"{_bytes(now)} → {_bytes(below)}",
        _checks(one.checks, one.check_problem),
        _readers(one.downstream),
        _personal(one.personal),
    )


def _kind(one: TableEvidence) -> str:
    diff = one.change.diff
    if isinstance(diff, Missing):
        return UNKNOWN
    lines = f" (+{diff.added} −{diff.removed})" if diff.added + diff.removed and diff.kind == "changed" else ""
    note = f"; {plain(one.change.note)}" if one.change.note and diff.kind != "never approved" else ""
    kind = "unchanged" if diff.kind == "unchanged" else f"**{diff.kind}**"
    return f"{kind}{lines}{note}{' ⚠' if one.change.warning else ''}"


def _rows(found: Size | Missing | None) -> str:
    return UNKNOWN if isinstance(found, Missing) else f"{found.rows:,}" if found else "none"


def _bytes(found: Size | Missing | None) -> str:
    return UNKNOWN if isinstance(found, Missing) else size(found.bytes) if found else "none"


def _checks(found: tuple[Check, ...] | Missing, problem: str) -> str:
    if isinstance(found, Missing):
        return UNKNOWN
    failed = [check for check in found if check.passed is False]
    silent = sum(check.passed is None for check in found)
    said = f"{sum(check.passed is True for check in found)} of {len(found)} passed"
    names = [f"{check.name}{' (blocking)' if check.blocking else ''}" for check in failed]
    said += f", **failed**: {listed(names, 3)}" if failed else ""
    said += f", {silent} never ran" if silent else ""
    return said + (" ⚠" if problem else "")


def _readers(found: Readers | Missing) -> str:
    if isinstance(found, Missing):
        return UNKNOWN
    if not found.assets:
        return "nothing"
    said = f"{len(found.assets)}: {listed(found.assets, 2)}"
    return f"nothing yet; in {found.environment} {said}" if found.environment else said


def _personal(found: Personal | Missing) -> str:
    if isinstance(found, Missing):
        return UNKNOWN
    if found.view_of:
        return f"masked view of {quoted(found.view_of)}"
    if found.scanned:
        return _scanned(found)
    names = f"names suggest {listed(found.suggested, 3)}" if found.suggested else "no column's name suggests any"
    declared = f"declared {quoted(found.declared)}" if found.declared else f"{UNKNOWN}"
    return f"{declared}; {names}" + ("; a masked view exists" if found.masked else "")


def _scanned(found: Personal) -> str:
    """Column by column what it holds and how readers see it."""
    if not found.found:
        return "none found"
    said = listed((f"{one.column}: {one.pii}, {one.mask or 'in clear text'}" for one in found.found), 5)
    unseen = f"; nobody looked at {listed(found.unseen, 3)}" if found.unseen else ""
    return f"{said}; {f'readers have {listed(found.views, 2)}' if found.views else '**no masked view**'}{unseen}"


def _charts(evidence: Evidence, settings: Settings) -> list[str]:
    """Rows and bytes as bars, and what a month costs where the owner set prices."""
    shown = [one for one in evidence.tables if isinstance(one.now, Size) or isinstance(one.lower, Size)][:_CHARTED]
    if not shown:
        return []
    series = ("now", f"in {evidence.lower}")
    images = [
        bar_chart("Rows", series, [_bars(one, lambda s: s.rows) for one in shown], lambda value: f"{value:,.0f}"),
        bar_chart("Size", series, [_bars(one, lambda s: s.bytes) for one in shown], size),
    ]
    before, after = evidence.before.usd(settings), evidence.after.usd(settings)
    if not isinstance(before, Missing) and not isinstance(after, Missing):
        bars = [Bars("USD a month", before, after)]
        images.append(bar_chart("Cost", ("before", "after"), bars, money))
    return [" ".join(images)]


def _bars(one: TableEvidence, of: Callable[[Size], int]) -> Bars:
    first, second = (float(of(s)) if isinstance(s, Size) else None for s in (one.now, one.lower))
    name = one.change.table.asset if one.change.table else one.change.asset
    return Bars(name, first, second)


def _diff(tables: Sequence[TableEvidence]) -> list[str]:
    """One unified diff of all specs that change; each has a fair share of the page."""
    changed = [(one.change, one.change.diff) for one in tables if not isinstance(one.change.diff, Missing)]
    told = [(change, diff.lines) for change, diff in changed if diff.lines]
    if not told:
        return []
    share = max(6, _DIFF_LINES // len(told))
    lines: list[str] = []
    for change, all_lines in told:
        lines.append(f"=== {change.asset}: {change.kind}")
        lines += all_lines[:share]
        if len(all_lines) > share:
            lines.append(f"# {len(all_lines) - share} more lines left out: see {change.file}")
    return block(lines, "diff")


def _missing(evidence: Evidence) -> list[str]:
    """Why cells above say that something is not known, and what to doubt."""
    notes: dict[str, None] = {}
    for one in evidence.tables:
        for what, found in (
            ("spec", one.change.diff),
            ("rows and size now", one.now),
            ("rows and size below", one.lower),
            ("checks below", one.checks),
            ("read by", one.downstream),
            ("personal data", one.personal),
        ):
            if isinstance(found, Missing):
                notes[f"{quoted(one.change.asset)}, {what}: {plain(found.why)}"] = None
        for doubt in (one.change.warning, one.check_problem, _untried(one)):
            if doubt:
                notes[f"⚠ {quoted(one.change.asset)}: {plain(doubt)}"] = None
    return ["**Not known, and to doubt**", "", *(f"- {note}" for note in notes)] if notes else []


def _untried(one: TableEvidence) -> str:
    """A table that goes up without ever having been built below."""
    return (
        f"it was never built in {one.lower_environment}" if one.lower is None and one.change.kind != "unchanged" else ""
    )
