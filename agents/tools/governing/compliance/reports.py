"""Assessments to be read: markdown for the UI, HTML for an auditor's file. Names and counts, never values of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from html import escape

from agents.core.catalog import ENVIRONMENTS
from agents.tools.governing.compliance.evaluate import Assessment, Finding

MARKS = {True: "✓", False: "✗", None: "?"}
_SHOWN, _NAMED = 200, 3
_ASSET = re.compile(rf"\b(?:(?:{'|'.join(ENVIRONMENTS)})/[a-z]+/\w+|platform/approvals)\b")
_REQUEST, _INBOX = re.compile(r"\bAR-\d{6}\b"), "/assets/platform/approvals?view=events&partition="
_STYLE = (
    "body{font:14px system-ui,sans-serif;max-width:72rem;margin:2rem auto;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border:1px solid #d0d7de;padding:.35rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#f6f8fa}.no{color:#b42318;font-weight:600}"
    ".yes{color:#1a7f37}.open{color:#9a6700}"
)
_CLASS = {True: "yes", False: "no", None: "open"}


def markdown(found: Sequence[Assessment], shown: int = _SHOWN, *, links: bool = False) -> str:
    """What holds, by regulation and table; each gap with its fix. `links`: tables and inbox lead to their pages."""
    return "\n".join(line for one in found for line in _markdown(one, shown, _link if links else str))


def html(found: Sequence[Assessment]) -> str:
    """The same as a page of its own, every finding with its evidence."""
    body = "".join(part for one in found for part in _html(one))
    title = escape(", ".join(one.regulation for one in found))
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Compliance: {title}</title>'
    return f"{head}<style>{_STYLE}</style><body><h1>Compliance: {title}</h1>{body}</body></html>\n"


def _markdown(one: Assessment, shown: int, link: Callable[[str], str]) -> Iterator[str]:
    yield f"## {one.regulation}: {one.holding} of {len(one.findings)} answers hold, {len(one.gaps)} gaps"
    yield f"\n{one.title}. Measured {_moment(one.at)}. {len(one.unknown)} cannot be known here.\n"
    counted = ((link(subject), *counts) for subject, counts in _by_subject(one.findings))
    yield from _rows(("table", "holds", "does not hold", "not known"), counted)
    open_ones = [*one.gaps, *one.unknown]
    if open_ones:
        yield "\n### Gaps, and how to close them\n"
        asked = ((f, f"{f.reference} {f.title}") for f in open_ones[:shown])
        cells = ((link(f.subject), what, MARKS[f.holds], f.why, link(f.fix)) for f, what in asked)
        yield from _rows(("table", "asked", "holds", "found", "fix"), cells)
        if len(open_ones) > shown:
            yield f"\n{len(open_ones) - shown} more: `adp privacy compliance --regulation {one.regulation}`"
    held: dict[str, list[Finding]] = {}
    for finding in one.findings:
        if finding.holds:
            held.setdefault(finding.control, []).append(finding)
    yield "\n### What holds\n"
    cells = ((f"{f[0].reference} {f[0].title}", _of(f, link), link(_evidence(f))) for f in held.values())
    yield from _rows(("asked", "holds for", "evidence"), cells)
    yield ""


def _of(findings: Sequence[Finding], link: Callable[[str], str]) -> str:
    """For which tables, the first ones by name."""
    names = ", ".join(link(finding.subject) for finding in findings[:_NAMED])
    return names + (f" and {len(findings) - _NAMED} more" if len(findings) > _NAMED else "")


def _evidence(findings: Sequence[Finding]) -> str:
    """What says so, in the order of the tables; what is the same for several is said once."""
    said = list(dict.fromkeys(finding.why for finding in findings[:_NAMED]))
    return "; ".join(said)


def _link(text: str) -> str:
    """Names of assets and requests as links to their pages."""
    text = _ASSET.sub(lambda found: f"[{found[0]}](/assets/{found[0]})", text)
    return _REQUEST.sub(lambda found: f"[{found[0]}]({_INBOX}{found[0]})", text)


def _moment(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M UTC")


def _by_subject(findings: Sequence[Finding]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for subject in dict.fromkeys(finding.subject for finding in findings):
        mine = [finding for finding in findings if finding.subject == subject]
        yield subject, tuple(sum(finding.holds is holds for finding in mine) for holds in (True, False, None))


def _rows(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def _html(one: Assessment) -> Iterator[str]:
    yield f"<h2>{escape(one.title)}</h2><p>Measured {_moment(one.at)}: {one.holding} of {len(one.findings)} hold, "
    yield f"{len(one.gaps)} gaps, {len(one.unknown)} cannot be known here.</p><table><tr>"
    yield "".join(f"<th>{name}</th>" for name in ("reference", "asked", "of", "holds", "evidence", "fix")) + "</tr>"
    for f in sorted(one.findings, key=lambda f: ({False: 0, None: 1, True: 2}[f.holds], f.reference, f.subject)):
        cells = "".join(f"<td>{escape(text)}</td>" for text in (f.reference, f.title, f.subject))
        mark = f'<td class="{_CLASS[f.holds]}">{MARKS[f.holds]}</td>'
        yield f"<tr>{cells}{mark}<td>{escape(f.why)}</td><td>{escape(f.fix)}</td></tr>"
    yield "</table>"
