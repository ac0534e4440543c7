"""Small drawings as images inside markdown: SVG in a data URI, readable on light and dark pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from html import escape

from resources.markdown import clean

COLORS = ("#94a3b8", "#4f46e5")
_FONT = "font-family='system-ui,Helvetica,Arial,sans-serif'"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 375, 92, 12, 84, 34, 80


def image(alt: str, drawing: str) -> str:
    """A markdown image; its words hold the figures for those who cannot see it."""
    words = clean(alt, 600).translate(str.maketrans("[]\\`<>&!", "()/'()+."))
    return f"![{words}](data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()})"


def svg(width: float, height: float, parts: Sequence[str], *, background: bool = True) -> str:
    """A drawing of these parts."""
    ground = f"<rect width='{width}' height='{height}' rx='6' fill='#f8fafc'/>" if background else ""
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{ground}{''.join(parts)}</svg>"


def words(x: float, y: float, text: str, weight: str = "400", *, anchor: str = "start", size: int = 11) -> str:
    """A line of text."""
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return (
        f"<text {place} {_FONT} font-size='{size}' font-weight='{weight}' fill='#1e293b'>{escape(clean(text))}</text>"
    )


def label(text: str, color: str) -> str:
    """A text on a coloured ground."""
    width = 16 + 8 * len(text)
    said = f"<text x='{width / 2}' y='16' {_FONT} font-size='12' font-weight='700' fill='#ffffff' "
    parts = [
        f"<rect width='{width}' height='23' rx='4' fill='{color}'/>",
        f"{said}text-anchor='middle'>{escape(text)}</text>",
    ]
    return image(text, svg(width, 23, parts, background=False))


def line_chart(title: str, values: Sequence[float], told: Callable[[float], str], marked: Sequence[int] = ()) -> str:
    """An image of a line through `values`, oldest first; the points of `marked` stand out, the last value is told."""
    low, high = min(values), max(values)
    room = _WIDTH - _LEFT - _RIGHT
    at = [
        (
            _LEFT + room * (number / (len(values) - 1) if len(values) > 1 else 1.0),
            _BOTTOM - (_BOTTOM - _TOP) * ((value - low) / (high - low) if high > low else 0.5),
        )
        for number, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    parts = [
        words(12, 18, title, "600"),
        f"<polyline points='{line}' fill='none' stroke='{COLORS[1]}' stroke-width='2'/>",
        *(f"<circle cx='{at[n][0]:.1f}' cy='{at[n][1]:.1f}' r='4' fill='#b91c1c'/>" for n in marked),
        f"<circle cx='{at[-1][0]:.1f}' cy='{at[-1][1]:.1f}' r='3' fill='{COLORS[1]}'/>",
        words(at[-1][0] + 7, at[-1][1] + 4, told(values[-1])),
    ]
    span = f"{told(low)} to {told(high)}" if high > low else told(low)
    return image(f"{title}: {told(values[-1])}; {span} over {len(values)} refreshes", svg(_WIDTH, _HEIGHT, parts))
