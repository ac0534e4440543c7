"""Small bar charts as images inside markdown: SVG in a data URI, readable on light and dark pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from agents.tools.evidence.words import clean

_WIDTH, _LABEL, _VALUE, _BAR, _ROW, _TOP = 375, 140, 70, 9, 30, 36
_COLORS = ("#94a3b8", "#4f46e5")
_RISK = {"low": "#15803d", "medium": "#b45309", "high": "#c2410c", "critical": "#b91c1c"}
_FONT = "font-family='system-ui,Helvetica,Arial,sans-serif'"


@dataclass(frozen=True, slots=True)
class Bars:
    """A name and its two values; None where there is none."""

    name: str
    first: float | None
    second: float | None


def bar_chart(title: str, series: tuple[str, str], rows: Sequence[Bars], told: Callable[[float], str]) -> str:
    """An image of two bars a row on one scale; `told` writes a value."""
    most = max([value for row in rows for value in (row.first, row.second) if value], default=1.0)
    height = _TOP + _ROW * len(rows)
    parts = [_text(12, 18, title, "600"), *_legend(series)]
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        parts.append(_text(_LABEL - 8, top + 13, _short(row.name), anchor="end"))
        parts += _bar(top, row.first, most, _COLORS[0], told)
        parts += _bar(top + _BAR + 2, row.second, most, _COLORS[1], told)
    figures = "; ".join(f"{r.name} {_told(r.first, told)} / {_told(r.second, told)}" for r in rows)
    return image(f"{title}, {series[0]} / {series[1]}: {figures}", _svg(_WIDTH, height, parts))


def risk_badge(level: str) -> str:
    """The level as a coloured label."""
    width = 76 + 8 * len(level)
    label = f"<text x='{width / 2}' y='16' {_FONT} font-size='12' font-weight='700' fill='#ffffff' "
    parts = [
        f"<rect width='{width}' height='23' rx='4' fill='{_RISK.get(level, _RISK['critical'])}'/>",
        f"{label}text-anchor='middle'>{escape(level.upper())} RISK</text>",
    ]
    return image(f"{level.upper()} RISK", _svg(width, 23, parts, background=False))


def image(alt: str, svg: str) -> str:
    """A markdown image; its words hold the figures for those who cannot see it."""
    words = clean(alt, 600).translate(str.maketrans("[]\\`<>&!", "()/'()+."))
    return f"![{words}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _svg(width: float, height: float, parts: Sequence[str], *, background: bool = True) -> str:
    ground = f"<rect width='{width}' height='{height}' rx='6' fill='#f8fafc'/>" if background else ""
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{ground}{''.join(parts)}</svg>"


def _bar(top: int, value: float | None, most: float, color: str, told: Callable[[float], str]) -> list[str]:
    room = _WIDTH - _LABEL - _VALUE
    length = 0.0 if not value else max(2.0, room * value / most)
    bar = f"<rect x='{_LABEL}' y='{top}' width='{length:.1f}' height='{_BAR}' rx='1.5' fill='{color}'/>"
    return [bar, _text(_LABEL + length + 5, top + _BAR, _told(value, told), size=10)]


def _legend(series: tuple[str, str]) -> list[str]:
    parts: list[str] = []
    for number, name in enumerate(series):
        x = _LABEL + 95 * number
        parts.append(f"<rect x='{x}' y='9' width='10' height='10' rx='2' fill='{_COLORS[number]}'/>")
        parts.append(_text(x + 15, 18, name))
    return parts


def _text(x: float, y: float, text: str, weight: str = "400", *, anchor: str = "start", size: int = 11) -> str:
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return (
        f"<text {place} {_FONT} font-size='{size}' font-weight='{weight}' fill='#1e293b'>{escape(clean(text))}</text>"
    )


def _told(value: float | None, told: Callable[[float], str]) -> str:
    return "none" if value is None else told(value)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"
