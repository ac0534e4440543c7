"""Which column a model is asked to predict, from which table, and which problem that is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agents.core.plan import Question
from agents.core.watermark import is_date
from agents.core.words import pieces, singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.entities import Finder, Ref, likeness

_FLAG = v.word_set("is has was will flag ind did indicator in on at yn bool kg km eur usd pct mm cm sec secs min mins")
_BOOL = re.compile(r"bool|^bit")
_NUMBER = re.compile(r"int|dec|num|double|float|real|money|number")
_FRACTION = re.compile(r"dec|num|double|float|real|money")
_CLASSIFY = re.compile(
    r"\b(?:classif\w+|whether|which|who|likely|likelihood|probability|if (?:a|an|the|our)|churn\w*|detect\w*|risk "
    r"of)\b"
)
_FORECAST = re.compile(
    r"\bforecast\w*|\bnext (?:\d+ )?(?:day|week|month|quarter|year)s?\b|\btime series\b|\bfuture\b|\bcoming (?:days|"
    r"weeks|months)\b|\bahead\b"
)
_REGRESS = re.compile(r"\bregress\w+|\bhow (?:much|many|long)\b")
_CANDIDATES = re.compile(
    r"\b(?:try|compare|train|test|evaluate|with)\w* (?P<n>\d+) (?:\w+ )?(?:models?|candidates?|algorithms?)\b|"
    r"\b(?P<n2>\d+) candidates?(?: models?)?\b"
)
_DULL = v.word_set(
    "model models train training predict predicting prediction predictions classifier classification "
    "regression machine learning ml ai build create risk likelihood probability likely score scoring rate "
    "number amount value forecast forecasting estimate production deploy deployed average column target"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """What a `train` step is given."""

    target: str
    problem_type: str
    source: Ref
    candidates: int


def find_model(
    finder: Finder, words: list[str], text: str, hints: frozenset[Ref], keep: Callable[[Ref], bool], column: str | None
) -> Model | Question:
    """The model that a clause's words ask for; `hints` are tables the goal names, `column` a target it spells out."""
    scored = sorted(_targets(finder, words, hints, keep, column), key=lambda entry: (-entry[0], entry[1], entry[2]))
    if not scored or scored[0][0] < 0.5:
        near = [f"{ref}.{name}" for _, ref, name in scored[:5]]
        near = near or [f"{ref}.{name}" for ref in sorted(hints) for name in finder.entries[ref].columns][:8]
        return Question("Which column should the model predict?", tuple(near))
    best = scored[0]
    rivals = [entry for entry in scored if entry[0] >= best[0] - 0.05]
    lake = [entry for entry in rivals if not entry[1].connection]
    if len(rivals) > 1 and len(lake) == 1 and len({entry[2] for entry in rivals}) == 1:
        best, rivals = lake[0], lake
    if len(rivals) > 1:
        return Question("Which column should the model predict?", tuple(f"{ref}.{name}" for _, ref, name in rivals))
    _, ref, target = best
    tried = _CANDIDATES.search(text)
    count = int(tried["n"] or tried["n2"]) if tried else 5
    return Model(target, _problem(finder, ref, target, text), ref, count)


def _targets(
    finder: Finder, words: list[str], hints: frozenset[Ref], keep: Callable[[Ref], bool], column: str | None
) -> list[tuple[float, Ref, str]]:
    said = [singular(word) for word in words if word not in _DULL and word not in v.STOP and word not in v.GENERIC]
    found: list[tuple[float, Ref, str]] = []
    for ref, entry in finder.entries.items():
        if not keep(ref) or (hints and ref not in hints and not _talks_about(finder, entry.words, said)):
            continue
        context = sum(max((likeness(w, n) for n in entry.words), default=0.0) for w in said) + (
            1.5 if ref in hints else 0.0
        )
        for name, kind in entry.columns.items():
            if is_date(kind) or (column is not None and name.lower() != column):
                continue
            score = 1.0 if column is not None else _said(name, said, entry.words)
            if score > 0:
                found.append((round(score + 0.12 * min(context, 3.0), 3) if score >= 0.5 else score * 0.9, ref, name))
    return found


def _talks_about(finder: Finder, table: tuple[str, ...], said: list[str]) -> bool:
    return any(likeness(word, name) >= 0.8 for word in said for name in table)


def _said(column: str, said: list[str], table: tuple[str, ...]) -> float:
    """How much of a column's name was said, its table's own words and flags aside."""
    parts = [part for part in (singular(piece) for piece in pieces(column)) if part not in _FLAG and not part.isdigit()]
    own = [part for part in parts if part not in table and part not in ("id", "name", "date", "at")]
    if parts[-1:] == ["id"] or not parts:
        return 0.0
    own, share = (own, 1.0) if own else (parts, 0.9)
    return share * sum(max((likeness(word, part) for word in said), default=0.0) for part in own) / len(own)


def _problem(finder: Finder, ref: Ref, target: str, text: str) -> str:
    columns = finder.entries[ref].columns
    kind = columns[target].lower()
    if re.search(r"\bregression\b", text):
        return "regression"
    if re.search(r"\bclassif\w+", text):
        return "classification"
    dated = any(is_date(other) for name, other in columns.items() if name != target)
    if _FORECAST.search(text) and _NUMBER.search(kind) and dated and not _BOOL.search(kind):
        return "forecasting"
    if _BOOL.search(kind) or not _NUMBER.search(kind):
        return "classification"
    names = pieces(target)
    flagged = (
        names[0] in ("is", "has", "was", "will")
        or names[-1] in ("flag", "ind", "yn")
        or kind.startswith(("tinyint", "smallint"))
    )
    participle = len(names) == 1 and names[0].endswith("ed") and not _FRACTION.search(kind)
    return "classification" if (flagged or participle) and not _REGRESS.search(text) else "regression"
