"""Plain words to a cron line: `every weekday at 7:30 pm` is `30 19 * * 1-5`. Times are UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agents.roles.supervisor.cron_lines import is_cron
from agents.roles.supervisor.schedule_words import (
    ADVERBS,
    DAY,
    DAYS,
    EXCEPT,
    INSTEAD,
    MORE,
    NTH,
    ORDINALS,
    PARTS,
    UNITS,
    matches,
)


@dataclass(slots=True)
class Schedule:
    """A schedule found in a text: where, its cron line, or what is wrong with it."""

    spans: list[tuple[int, int]]
    every: tuple[int, str] | None = None
    times: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    part: int | None = None
    days: frozenset[int] = frozenset()
    without: frozenset[int] = frozenset()
    doms: frozenset[int] = frozenset()
    window: tuple[int, int] | None = None
    night: bool = False
    exact: bool = False
    cron: str | None = None
    problem: str | None = None

    @property
    def start(self) -> int:
        """Where its first word stands."""
        return min(start for start, _ in self.spans)


def find_schedules(text: str, breaks: list[int]) -> list[Schedule]:
    """All schedules of a lower-case text, in order; `breaks` are offsets no schedule reaches across."""
    found: list[Schedule] = []
    for kind, match in matches(text):
        if kind != "days" and INSTEAD.search(text[: match.start()]):
            continue
        piece = _piece(kind, match, text)
        last = found[-1] if found else None
        if last and match.start() < last.spans[-1][1]:
            continue
        parted = last is not None and any(last.spans[-1][1] <= at < match.start() for at in breaks)
        if last is None or parted or not _merge(last, piece):
            found.append(piece)
    for schedule in found:
        _settle(schedule)
    return found


def _piece(kind: str, match: re.Match[str], text: str) -> Schedule:
    made = Schedule([match.span()])
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    if kind == "cron":
        made.cron = groups["cron"]
    elif kind == "zone":
        made.problem = f"Schedules are in UTC. What is {match.group().strip()!r} in UTC?"
    elif kind == "never":
        made.problem = f"A cron line cannot say {match.group().strip()!r}. Which schedule comes nearest?"
    elif kind == "times":
        made.every = _times_a(groups)
    elif kind == "window":
        made.window = _window(groups)
    elif kind == "past":
        past = groups.get("past") or groups.get("past2") or groups["past3"]
        made.every, made.part = (1, "hour"), None
        made.times = [(-1, {"quarter": 15, "half": 30}.get(past) or int(past) % 60)]
    elif kind == "dom":
        _day_of_month(made, groups)
    elif kind == "every":
        made.every, made.night = _every(groups), match.group().endswith(("night", "nights"))
    elif kind == "adverb":
        made.every, made.night = ADVERBS[groups["word"]], groups["word"] == "nightly"
    elif kind == "part":
        made.part = PARTS[groups["part"].rstrip("s")]
    elif kind == "days":
        made.days = _weekdays(groups)
        if EXCEPT.search(text[: match.start()]):
            made.without, made.days = made.days, frozenset(range(7)) - made.days
    else:
        return _clock(made, groups, text)
    return made


def _times_a(groups: dict[str, str]) -> tuple[int, str]:
    count = 2 if {"twice", "twice2"} & groups.keys() else int(groups.get("n") or groups.get("n3") or 1) or 1
    unit = UNITS[groups.get("unit", "day")]
    if count == 1:
        return {"quarter": (3, "month"), "year": (12, "month")}.get(unit, (1, unit))
    whole, smaller = (60, "minute") if unit == "hour" else (24, "hour")
    return (whole // count, smaller) if whole % count == 0 else (0, unit)


def _window(groups: dict[str, str]) -> tuple[int, int]:
    if "h1" not in groups:
        return 9, 17
    second = _hour(int(groups["h2"]), groups.get("a2"))
    first = _hour(int(groups["h1"]), groups.get("a1"))
    return first, second + 12 if second <= first and second < 12 else second


def _hour(hour: int, half: str | None) -> int:
    if half == "pm":
        return hour % 12 + 12
    return hour % 12 if half == "am" else hour


def _day_of_month(made: Schedule, groups: dict[str, str]) -> None:
    said = groups.get("dom") or groups.get("dom2") or groups.get("dom3") or "first"
    found = {int(number) for number in re.findall(r"\d+", said)} | {ORDINALS[w] for w in said.split() if w in ORDINALS}
    made.doms = frozenset(found)
    unit = groups.get("of") or groups.get("of2") or "month"
    made.every = {"month": (1, "month"), "quarter": (3, "month"), "year": (12, "month")}[unit]


def _every(groups: dict[str, str]) -> tuple[int, str]:
    if part := groups.get("half") or groups.get("half0"):
        return (30 if part == "half" else 15), "minute"
    if "unit3" in groups:
        return ADVERBS[groups["unit3"]]
    if "n2" in groups:
        return int(groups["n2"]), "hour" if groups["unit2"].startswith("hour") else "minute"
    unit = UNITS[groups.get("unit", "hour")]
    count = int(groups.get("n", 2 if "other" in groups else NTH.get(groups.get("nth", "").strip(), 1)))
    return {"quarter": (3 * count, "month"), "year": (12 * count, "month")}.get(unit, (count, unit))


def _weekdays(groups: dict[str, str]) -> frozenset[int]:
    if "week" in groups:
        return frozenset(range(1, 6))
    if "end" in groups:
        return frozenset({0, 6})
    named = [DAYS[day[:3]] for day in re.findall(DAY, groups.get("range") or groups["list"])]
    if "range" in groups:
        first, last = named[0], named[1]
        return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(named)


def _clock(made: Schedule, groups: dict[str, str], text: str) -> Schedule:
    def get(*names: str) -> str | None:
        return next((groups[name] for name in names if name in groups), None)

    hour, minute = int(get("h", "h_", "h__", "h4", "h5") or 0), int(get("m", "m_", "m__", "m4", "hm") or 0)
    half = get("ap", "ap_", "ap5") or {"morning": "am", "afternoon": "pm", "evening": "pm"}.get(groups.get("part", ""))
    made.exact = half is not None or (get("h", "h_", "h__", "h4", "h5") or "")[:1] == "0"
    if "night" in groups and 5 < hour < 12:
        half = "pm"
    past = get("half", "half5")
    if past:
        said = past.split()[0]
        minute = {"half": 30, "quarter": 15}.get(said) or int(said)
        if past.endswith("to"):
            hour, minute = hour - 1, 60 - minute
    made.times.append((_hour(hour, half), minute))
    end = made.spans[0][1]
    while more := MORE.match(text, end):
        later = more["ap"] or half if int(more["h"]) <= 12 else None
        made.times.append((_hour(int(more["h"]), later), int(more["m"] or 0)))
        if more["ap"] and not half and hour <= 12:
            made.times[0] = (_hour(hour, more["ap"]), minute)
        end = more.end()
    made.spans = [(made.spans[0][0], end)]
    if not all(0 <= h < 24 and m < 60 for h, m in made.times):
        made.problem = f"{text[made.spans[0][0] : end].strip()!r} is no time of day. Which time is meant?"
    return made


def _merge(last: Schedule, piece: Schedule) -> bool:
    """Take the piece into the schedule before it, where the two say one thing."""
    if last.cron or piece.cron or (piece.problem and not last.problem and "UTC" not in piece.problem):
        return False
    if piece.without and last.days:
        piece.days = last.days = last.days - piece.without
    near = piece.spans[0][0] - last.spans[-1][1] <= 12
    if piece.every and last.every and piece.every != last.every:
        return False
    if piece.days and last.days and piece.days != last.days:
        return False
    if (piece.times and last.times) or (piece.doms and last.doms):
        return False
    if piece.days and last.every and last.every[1] == "day" and len(piece.days) < 5 and not near:
        return False
    if piece.every and last.times and not last.every and not last.days and not near:
        return False
    _merge_parts(last, piece)
    last.spans += piece.spans
    last.every, last.times = last.every or piece.every, last.times or piece.times
    last.part = last.part if piece.part is None else piece.part
    last.days, last.doms = last.days | piece.days, last.doms | piece.doms
    last.night, last.exact = last.night or piece.night, last.exact or piece.exact
    last.window, last.problem = last.window or piece.window, last.problem or piece.problem
    return True


def _merge_parts(last: Schedule, piece: Schedule) -> None:
    """`at noon and at midnight`, `at 6am and at noon`: parts of the day that are times of their own."""
    if piece.part is None or piece.times:
        return
    if last.part is not None and last.part != piece.part and not last.times:
        last.times, last.part, piece.part = [(last.part, 0), (piece.part, 0)], None, None
    elif piece.part in (0, 12) and last.times:
        same = piece.spans[0][0] - last.spans[-1][1] <= 1 and last.times[-1] == (12, 0)
        last.times = [*last.times[:-1], (piece.part, 0)] if same else [*last.times, (piece.part, 0)]
        last.part = piece.part = None


def _settle(schedule: Schedule) -> None:
    if schedule.problem:
        return
    if schedule.cron:
        schedule.problem = None if is_cron(schedule.cron) else f"{schedule.cron!r} is not a cron line of five fields."
        return
    line = _cron(schedule)
    if line is None:
        schedule.problem = "One cron line cannot say this schedule. Which one comes nearest?"
    schedule.cron = line


def _cron(schedule: Schedule) -> str | None:
    count, unit = schedule.every or (1, "week" if schedule.days else "day")
    days = _fields(schedule.days) if schedule.days else "*"
    if count == 0 or (unit == "week" and count > 1):
        return None
    if unit == "minute":
        step = "*" if count == 1 else f"*/{count}"
        return f"{step} {_range(schedule.window)} * * {days}" if 60 % count == 0 and not schedule.times else None
    if unit == "hour" and len(schedule.times) * count == 24:
        unit, count = "day", 1
    if unit == "hour":
        return _hourly(schedule, count, days)
    clock = _moments(schedule)
    if clock is None:
        return None
    if unit == "month" or schedule.doms:
        month = {1: "*", 12: "1"}.get(count, f"*/{count}")
        doms = _fields(schedule.doms) if schedule.doms else "1"
        fits = 12 % count == 0 and not schedule.days and all(1 <= dom <= 31 for dom in schedule.doms)
        return f"{clock} {doms} {month if unit == 'month' else '*'} *" if fits else None
    if unit == "day" and count > 1:
        return f"{clock} */{count} * *" if count <= 15 and not schedule.days else None
    return f"{clock} * * {days if schedule.days else '1' if unit == 'week' else '*'}"


def _hourly(schedule: Schedule, count: int, days: str) -> str | None:
    minute = 0
    if schedule.times:
        hour, minute = schedule.times[0]
        if len(schedule.times) > 1 or hour >= 0:
            return None
    step = _range(schedule.window) + ("" if count == 1 else f"/{count}")
    return f"{minute} {step} * * {days}" if 24 % count == 0 else None


def _range(window: tuple[int, int] | None) -> str:
    return f"{window[0]}-{window[1]}" if window else "*"


def _moments(schedule: Schedule) -> str | None:
    """Minute and hour fields."""
    if schedule.window and not schedule.times:
        return None
    part = schedule.part
    times = schedule.times or [(2 if part is None else part, 0)]
    if part is not None and part >= 12 and schedule.times:
        times = [(hour + 12 if part > 12 and 0 < hour < 12 else hour, minute) for hour, minute in times]
    if schedule.night:
        times = [(hour + 12 if 5 < hour < 12 and not schedule.exact else hour, minute) for hour, minute in times]
    minutes = {minute for _, minute in times}
    if len(minutes) > 1 or any(hour < 0 for hour, _ in times):
        return None
    return f"{minutes.pop()} {','.join(str(hour) for hour in sorted({hour for hour, _ in times}))}"


def _fields(numbers: frozenset[int]) -> str:
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return "*" if len(ordered) == 7 else f"{ordered[0]}-{ordered[-1]}"
    return ",".join(str(number) for number in ordered)
