"""Assessments to be read: markdown for the UI, HTML for an auditor's file. Names and counts, never values of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from agents.tools.governing.compliance.evaluate import Assessment, Finding

MARKS = {True: "✓", False: "✗", None: "?"}
_SHOWN = 200
_STYLE = (
    "body{font:14px system-ui,sans-serif;max-width:72rem;margin:2rem auto;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border:1px solid #d0d7de;padding:.35rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#f6f8fa}.no{color:#b42318;font-weight:600}"
    ".yes{color:#1a7f37}.open{color:#9a6700}"
)
_CLASS = {True: "yes", False: "no", None: "open"}


def markdown(found: Sequence[Assessment], shown: int = _SHOWN) -> str:
    """What holds, by regulation and table; each gap with its fix."""
    return "\n".join(line for one in found for line in _markdown(one, shown))


def html(found: Sequence[Assessment]) -> str:
    """The same as a page of its own, every finding with its evidence."""
    body = "".join(part for one in found for part in _html(one))
    title = escape(", ".join(one.regulation for one in found))
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Compliance: {title}</title>'
    return f"{head}<style>{_STYLE}</style><body><h1>Compliance: {title}</h1>{body}</body></html>\n"


def _markdown(one: Assessment, shown: int) -> Iterator[str]:
    yield f"## {one.regulation}: {one.holding} of {len(one.findings)} answers hold, {len(one.gaps)} gaps"
    yield f"\n{one.title}. Measured {one.at}. {len(one.unknown)} cannot be known here.\n"
    yield from _rows(("table", "holds", "does not hold", "not known"), _by_subject(one.findings))
    open_ones = [*one.gaps, *one.unknown]
    if open_ones:
        yield "\n### Gaps, and how to close them\n"
        cells = ((f.subject, f"{f.reference} {f.title}", MARKS[f.holds], f.why, f.fix) for f in open_ones[:shown])
        yield from _rows(("table", "asked", "", "found", "fix"), cells)
        if len(open_ones) > shown:
            yield f"\n{len(open_ones) - shown} more: `adp privacy compliance --regulation {one.regulation}`"
    held = {f.control: f for f in one.findings if f.holds}
    yield "\n### What holds\n"
    counts = {name: sum(f.control == name and f.holds is True for f in one.findings) for name in held}
    cells = ((f"{f.reference} {f.title}", counts[name], f.why) for name, f in held.items())
    yield from _rows(("asked", "holds for", "evidence, such as"), cells)
    yield ""


def _by_subject(findings: Sequence[Finding]) -> Iterator[tuple[object, ...]]:
    for subject in dict.fromkeys(finding.subject for finding in findings):
        mine = [finding for finding in findings if finding.subject == subject]
        yield (subject, *(sum(finding.holds is holds for finding in mine) for holds in (True, False, None)))


def _rows(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def _html(one: Assessment) -> Iterator[str]:
    yield f"<h2>{escape(one.title)}</h2><p>Measured {escape(one.at)}: {one.holding} of {len(one.findings)} hold, "
    yield f"{len(one.gaps)} gaps, {len(one.unknown)} cannot be known here.</p><table><tr>"
    yield "".join(f"<th>{name}</th>" for name in ("reference", "asked", "of", "holds", "evidence", "fix")) + "</tr>"
    for f in sorted(one.findings, key=lambda f: ({False: 0, None: 1, True: 2}[f.holds], f.reference, f.subject)):
        cells = "".join(f"<td>{escape(text)}</td>" for text in (f.reference, f.title, f.subject))
        mark = f'<td class="{_CLASS[f.holds]}">{MARKS[f.holds]}</td>'
        yield f"<tr>{cells}{mark}<td>{escape(f.why)}</td><td>{escape(f.fix)}</td></tr>"
    yield "</table>"
