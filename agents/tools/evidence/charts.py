"""The bar charts and the badge of an evidence card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resources.drawing import COLORS, image, label, svg, words

_WIDTH, _LABEL, _VALUE, _BAR, _ROW, _TOP = 405, 170, 70, 9, 30, 36
_RISK = {"low": "#15803d", "medium": "#b45309", "high": "#c2410c", "critical": "#b91c1c"}


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
    parts = [words(12, 18, title, "600"), *_legend(series)]
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        parts.append(words(_LABEL - 8, top + 13, _short(row.name), anchor="end"))
        parts += _bar(top, row.first, most, COLORS[0], told)
        parts += _bar(top + _BAR + 2, row.second, most, COLORS[1], told)
    figures = "; ".join(f"{r.name} {_told(r.first, told)} / {_told(r.second, told)}" for r in rows)
    return image(f"{title}, {series[0]} / {series[1]}: {figures}", svg(_WIDTH, height, parts))


def risk_badge(level: str) -> str:
    """The level as a coloured label."""
    return label(f"{level.upper()} RISK", _RISK.get(level, _RISK["critical"]))


def _bar(top: int, value: float | None, most: float, color: str, told: Callable[[float], str]) -> list[str]:
    room = _WIDTH - _LABEL - _VALUE
    length = 0.0 if not value else max(2.0, room * value / most)
    bar = f"<rect x='{_LABEL}' y='{top}' width='{length:.1f}' height='{_BAR}' rx='1.5' fill='{color}'/>"
    return [bar, words(_LABEL + length + 5, top + _BAR, _told(value, told), size=10)]


def _legend(series: tuple[str, str]) -> list[str]:
    parts: list[str] = []
    for number, name in enumerate(series):
        x = _LABEL + 95 * number
        parts.append(f"<rect x='{x}' y='9' width='10' height='10' rx='2' fill='{COLORS[number]}'/>")
        parts.append(words(x + 15, 18, name))
    return parts


def _told(value: float | None, told: Callable[[float], str]) -> str:
    return "none" if value is None else told(value)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"
