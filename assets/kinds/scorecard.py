"""A table's scorecard as markdown: its scores, how they went, what fails with masked examples, what was unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assets.kinds.scoring import DIMENSIONS
from resources.drawing import label, line_chart
from resources.markdown import moment, plain, quoted, table
from resources.measurements import Measurement

# Refreshes that a chart shows.
CHARTED = 60
_GOOD, _FAIR = 95.0, 80.0
_COLORS = ("#15803d", "#b45309", "#b91c1c")
# Examples of a failing rule, and how long each may be.
_EXAMPLES, _LONGEST = 3, 80


def scorecard(history: Sequence[Measurement]) -> str:
    """The card of a table from its measurements, oldest first; the last one is the table as it stands."""
    last = history[-1]
    scores: Mapping[str, float] = last.facts.get("scores", {})
    shown = [m for m in history[-CHARTED:] if not m.facts.get("refused")]
    lines = [f"{badge(scores.get('score'))}", ""] if scores else ["Nothing could be measured yet.", ""]
    lines += table(("dimension", "score", "before", ""), _rows(scores, history[:-1]))
    lines += _charts(shown)
    lines += _failing(last.facts.get("failing", []))
    lines += _unusual(history)
    return "\n".join(lines)


def badge(score: float | None) -> str:
    """The overall score on the colour it deserves."""
    if score is None:
        return "not scored"
    return label(f"QUALITY {score:g}", _color(score))


def _color(score: float) -> str:
    return _COLORS[0] if score >= _GOOD else _COLORS[1] if score >= _FAIR else _COLORS[2]


def _rows(scores: Mapping[str, float], before: Sequence[Measurement]) -> Iterator[Sequence[str]]:
    former: Mapping[str, float] = before[-1].facts.get("scores", {}) if before else {}
    for name in (*DIMENSIONS, "score"):
        if name in scores:
            bar = "█" * round(scores[name] / 10) or "▏"
            was = f"{former[name]:.1f}" if name in former else "–"
            title = "**overall**" if name == "score" else name
            yield title, f"{scores[name]:.1f}", was, bar
        else:
            yield name, "not known" if name == "freshness" else "not measured", "–", ""


def _charts(shown: Sequence[Measurement]) -> list[str]:
    if len(shown) < 2:
        return []
    odd = [number for number, m in enumerate(shown) if m.verdict.get("anomalies")]
    charts = [
        line_chart("Score", [m.facts.get("scores", {}).get("score", 0.0) for m in shown], lambda v: f"{v:.1f}", odd),
        line_chart("Rows", [float(m.facts["rows"]) for m in shown], _short, odd),
        line_chart("Empty cells", [100 * _nulls(m) for m in shown], lambda v: f"{v:.3g} %", odd),
    ]
    return ["", *charts, ""]


def _nulls(measurement: Measurement) -> float:
    columns = measurement.facts["columns"].values()
    return sum(column.get("nulls", 0.0) for column in columns) / len(columns) if columns else 0.0


def _short(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e4)):
        if abs(value) >= size:
            return f"{value / (1e6 if unit == 'M' else 1e3):.3g}{unit}"
    return f"{value:,.0f}"


def _failing(failing: Sequence[Mapping[str, Any]]) -> list[str]:
    if not failing:
        return ["Every rule that is checked holds.", ""]
    rows = [(plain(str(f["reason"])), str(f["action"]), f"{f['unexpected']:,}", _shown(f["examples"])) for f in failing]
    return [f"**{len(failing)} failing**", *table(("rule", "action", "rows", "examples (masked)"), rows)]


def _shown(examples: Sequence[str]) -> str:
    return " ".join(quoted(str(example), _LONGEST) for example in examples[:_EXAMPLES]) or "–"


def _unusual(history: Sequence[Measurement]) -> list[str]:
    found = [
        f"- {moment(m.at)}: {plain(str(anomaly['reason']))}"
        for m in history[-CHARTED:]
        for anomaly in m.verdict.get("anomalies", ())
    ]
    return ["**Unusual lately**", "", *found[-10:], ""] if found else []
