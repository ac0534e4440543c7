"""The evidence card: one page of markdown that says what would happen, what is known of it, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agents.core.approval import ApprovalRequest
from agents.tools.evidence import wording
from agents.tools.evidence.charts import Bars, bar_chart, risk_badge
from agents.tools.evidence.cost import Usage
from agents.tools.evidence.gather import Evidence, Size, TableEvidence, gather
from agents.tools.evidence.known import Check, Known
from agents.tools.evidence.personal import Personal
from agents.tools.evidence.words import Missing, block, count, listed, moment, plain, quoted, size, table
from resources.platform import Platform
from resources.settings import Settings

_DIFF_LINES = 32
_CHARTED = 6
_UNKNOWN = "not known"


def card_of(platform: Platform, request: ApprovalRequest, *, known: Known) -> str:
    """The card of a request, measured now. Holds names, counts and specs; never values of rows, never secrets."""
    return render(request, gather(platform, request, known), platform.settings)


def decided_card(request: ApprovalRequest) -> str:
    """What became of a request: its state, who said what, and what it was."""
    rows = [
        (quoted(d.who), f"**{d.choice}**", listed(sorted(d.groups)), moment(d.at), quoted(d.note) if d.note else "")
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


def render(request: ApprovalRequest, evidence: Evidence, settings: Settings) -> str:
    """The card's markdown."""
    return "\n".join(
        [
            f"## {risk_badge(request.risk.level)} {wording.title(request.effects)}",
            "",
            f"{_reasons(request)} {plain(request.id)} waits until **{moment(request.expires)}**; no answer means no.",
            *_changes(evidence),
            *_charts(evidence, settings),
            *_diff(evidence.tables),
            *table(("", ""), _facts(request, evidence, settings)),
            *_missing(evidence),
        ]
    )


def _reasons(request: ApprovalRequest) -> str:
    return f"Risky because: {plain('; '.join(request.risk.reasons))}." if request.risk.reasons else ""


def _why(request: ApprovalRequest) -> str:
    return f"Reason: {quoted(request.reason)}." if request.reason else ""


def _changes(evidence: Evidence) -> list[str]:
    if not evidence.tables:
        return []
    header = ("table", "spec", "rows: now → built below", "size", "checks below", "read by", "personal data")
    found = table(header, (_row(one) for one in evidence.tables))
    if evidence.further:
        names = listed((f"{c.asset} ({c.kind or _UNKNOWN})" for c in evidence.further), 4)
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
        return _UNKNOWN
    lines = f" (+{diff.added} −{diff.removed})" if diff.kind == "changed" else ""
    mark = " ⚠" if one.change.warning else ""
    return f"**{diff.kind}**{lines}{mark}" if diff.kind != "unchanged" else f"unchanged{mark}"


def _rows(found: Size | Missing) -> str:
    return "none" if isinstance(found, Missing) else f"{found.rows:,}"


def _bytes(found: Size | Missing) -> str:
    return "none" if isinstance(found, Missing) else size(found.bytes)


def _checks(found: tuple[Check, ...] | Missing, problem: str) -> str:
    if isinstance(found, Missing):
        return _UNKNOWN
    failed = [check for check in found if check.passed is False]
    silent = sum(check.passed is None for check in found)
    said = f"{sum(check.passed is True for check in found)} of {len(found)} passed"
    names = [f"{check.name}{' (blocking)' if check.blocking else ''}" for check in failed]
    said += f", **failed**: {listed(names, 3)}" if failed else ""
    said += f", {silent} never ran" if silent else ""
    return said + (" ⚠" if problem else "")


def _readers(found: tuple[str, ...] | Missing) -> str:
    if isinstance(found, Missing):
        return _UNKNOWN
    return f"{len(found)}: {listed(found, 2)}" if found else "nothing"


def _personal(found: Personal | Missing) -> str:
    if isinstance(found, Missing):
        return _UNKNOWN
    names = f"names suggest {listed(found.suggested, 3)}" if found.suggested else "no name suggests any"
    declared = f"declared {quoted(found.declared)}" if found.declared else f"{_UNKNOWN}"
    return f"{declared}; {names}" + ("; a masked view exists" if found.masked else "")


def _charts(evidence: Evidence, settings: Settings) -> list[str]:
    """Rows and bytes as bars, and what a month costs where the owner set prices."""
    shown = [one for one in evidence.tables if isinstance(one.now, Size) or isinstance(one.lower, Size)][:_CHARTED]
    if not shown:
        return []
    series = ("now", "built below")
    images = [
        bar_chart("Rows", series, [_bars(one, lambda s: s.rows) for one in shown], lambda value: f"{value:,.0f}"),
        bar_chart("Size", series, [_bars(one, lambda s: s.bytes) for one in shown], size),
    ]
    before, after = evidence.before.usd(settings), evidence.after.usd(settings)
    if not isinstance(before, Missing) and not isinstance(after, Missing):
        bars = [Bars("USD a month", before, after)]
        images.append(bar_chart("Cost", ("before", "after"), bars, lambda value: f"{value:,.2f}"))
    return [" ".join(images)]


def _bars(one: TableEvidence, of: Callable[[Size], int]) -> Bars:
    first, second = (None if isinstance(s, Missing) else float(of(s)) for s in (one.now, one.lower))
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
        lines.append(f"@@ {change.asset} @@")
        lines += all_lines[:share]
        if len(all_lines) > share:
            lines.append(f"# {len(all_lines) - share} more lines left out: see {change.file}")
    return block(lines, "diff")


def _facts(request: ApprovalRequest, evidence: Evidence, settings: Settings) -> Iterator[tuple[str, str]]:
    yield "asked by", f"{wording.asker(request)}{_goal(request, evidence)}"
    yield "who must approve", _wanted(request)
    yield "approving covers", _covers(request, settings)
    yield from wording.extras(request.effects)
    yield "cost a month", _cost(request, evidence, settings)
    yield "personal data", _data_class(request)
    yield "the way back", "; ".join(_way_back(request, evidence))
    yield "digest", f"`{request.digest}`"


def _goal(request: ApprovalRequest, evidence: Evidence) -> str:
    if isinstance(evidence.goal, Missing):
        return f", {plain(evidence.goal.why)}"
    return f", for goal {plain(request.goal)}: {quoted(evidence.goal)}"


def _wanted(request: ApprovalRequest) -> str:
    given = [quoted(decision.who) for decision in request.decisions if decision.choice == "approve"]
    return wording.wanted(request) + (f"; given by {', '.join(given)}" if given else "")


def _covers(request: ApprovalRequest, settings: Settings) -> str:
    if request.effects.single_use:
        return "one run of exactly this"
    refreshes = " and every refresh of these tables under the same specs" if request.effects.assets else ""
    return f"exactly this{refreshes}, for {settings.grant_days:g} days; any change of spec, SQL or code asks again"


def _cost(request: ApprovalRequest, evidence: Evidence, settings: Settings) -> str:
    before, after = evidence.before, evidence.after
    prices = [
        found if isinstance(found, Missing) else f"{found:,.2f}" for found in (u.usd(settings) for u in (before, after))
    ]
    first, second = prices
    if isinstance(first, Missing) or isinstance(second, Missing):
        why = first if isinstance(first, Missing) else second
        said = f"USD {_UNKNOWN}: {why.why if isinstance(why, Missing) else ''}"
    else:
        least = "at least " if after.unknown else ""
        said = f"**{first} → {least}{second} USD**{_budget(request)}"
    basis = f"{_used(before)} → {_used(after)}, from schedules, the last runs' seconds and the bytes in the lake"
    lacks = f"; lacks {plain('; '.join(after.unknown))}" if after.unknown else ""
    rest = f"; {count(len(evidence.further), 'further table')} not counted" if evidence.further else ""
    return f"{said} ({basis}{lacks}{rest})"


def _used(found: Usage) -> str:
    return f"{found.runs:,.0f} runs of {found.seconds / 3600:,.2f} h in all and {size(found.bytes)}"


def _budget(request: ApprovalRequest) -> str:
    budget = request.facts.budget_usd
    return "" if budget is None else f", budget {budget:,.2f} USD"


def _data_class(request: ApprovalRequest) -> str:
    said = {
        "none": "declared: none",
        "masked": "declared: **masked**",
        "unmasked": "declared: **in clear text, not masked**",
    }
    unscanned = f"{_UNKNOWN}: no tag `pii` says it and no scan of the rows was made; columns above are judged by name"
    return said.get(request.facts.pii, unscanned)


def _way_back(request: ApprovalRequest, evidence: Evidence) -> Iterator[str]:
    """How each table comes back, by version; what cannot be taken back is said first."""
    if lost := wording.lasting(request.effects):
        yield f"**cannot be taken back: {plain(', '.join(lost))}**"
    elif not request.facts.reversible:
        yield "**cannot be taken back**"
    known = [one for one in evidence.tables if one.change.table is not None]
    back = [f"{one.change.asset} to version {one.now.version}" for one in known if isinstance(one.now, Size)]
    fresh = [one.change.asset for one in known if isinstance(one.now, Missing)]
    if back:
        yield f"{listed(back)} of the table and its former spec"
    if fresh:
        yield f"{listed(fresh)}: emptied, its spec taken out of {quoted(request.environment)}"
    if known:
        yield "done by itself where the smoke test fails, later by `adp rollback`"
    if not known and not lost:
        yield f"{_UNKNOWN}: nothing here is a table of the lake"


def _missing(evidence: Evidence) -> list[str]:
    """Why cells above say that something is not known, and what to doubt."""
    notes: dict[str, None] = {}
    for one in evidence.tables:
        for what, found in (
            ("spec", one.change.diff),
            ("now", one.now),
            ("built below", one.lower),
            ("checks below", one.checks),
            ("read by", one.downstream),
            ("personal data", one.personal),
        ):
            if isinstance(found, Missing):
                notes[f"{quoted(one.change.asset)}, {what}: {plain(found.why)}"] = None
        for doubt in (one.change.warning, one.check_problem):
            if doubt:
                notes[f"⚠ {quoted(one.change.asset)}: {plain(doubt)}"] = None
    return ["**Not known, and to doubt**", "", *(f"- {note}" for note in notes)] if notes else []
