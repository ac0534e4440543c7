"""Errors as they come about, put into clean tables at a given rate."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from random import Random

from benchmarks.cells.words import Table

Damage = Callable[[Random, str, Sequence[str]], str]
"""A cell and all of its column, made wrong; the cell itself where this damage does not fit it."""


def typo(rng: Random, cell: str, column: Sequence[str]) -> str:
    """A letter or digit lost, doubled, exchanged or hit wrong."""
    places = [i for i, char in enumerate(cell) if char.isalnum()]
    if len(places) < 3:
        return cell
    at = rng.choice(places)
    key = rng.choice(string.ascii_lowercase if cell[at].isalpha() else string.digits)
    kind = rng.randrange(4)
    if kind == 0:
        return cell[:at] + key + cell[at + 1 :]
    if kind == 1:
        return cell[:at] + cell[at + 1 :]
    if kind == 2:
        return cell[:at] + key + cell[at:]
    return cell[:at] + cell[at : at + 2][::-1] + cell[at + 2 :]


def misread(rng: Random, cell: str, column: Sequence[str]) -> str:
    """One letter read as another all over the cell."""
    letters = sorted({char for char in cell if char.isalnum()})
    return cell.replace(rng.choice(letters), rng.choice("qxz")) if len(letters) > 1 else cell


def lost(rng: Random, cell: str, column: Sequence[str]) -> str:
    """No value."""
    return ""


def disguised(rng: Random, cell: str, column: Sequence[str]) -> str:
    """A word for no value."""
    return rng.choice(("N/A", "unknown", "-", "NULL", "?", "999999", "1900-01-01"))


def exchanged(rng: Random, cell: str, column: Sequence[str]) -> str:
    """The value of another row."""
    return rng.choice(column)


def scaled(rng: Random, cell: str, column: Sequence[str]) -> str:
    """A number off by powers of ten, or with the wrong sign."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", cell) or float(cell) == 0:
        return cell
    factor = rng.choice((100, 1000, 10_000, -1))
    return f"{float(cell) * factor:.2f}" if "." in cell else str(int(cell) * factor)


def reformatted(rng: Random, cell: str, column: Sequence[str]) -> str:
    """The same written otherwise: dates, numbers, units, case."""
    iso = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", cell)
    if iso:
        year, month, day = iso.groups()
        return rng.choice((f"{day}/{month}/{year}", f"{month}-{day}-{year}", f"{year}/{month}/{day}"))
    unit = re.fullmatch(r"([\d.]+) (kg|min)", cell)
    if unit:
        return rng.choice((unit[1], f"{unit[1]}{unit[2]}", f"{unit[1]} {unit[2].upper()}", f"{unit[1]} {unit[2]}s"))
    if re.fullmatch(r"\d{4,}(\.\d+)?", cell):
        return f"{float(cell):,.2f}" if "." in cell else f"{int(cell):,}"
    if re.fullmatch(r"[\d.]+", cell):
        return rng.choice((f"{cell}%", f"${cell}", f"{cell}*", cell.replace(".", ",")))
    if re.fullmatch(r"\(?\d{3}\)?[ -]\d{3}-?\d*", cell):
        return re.sub(r"\D", "", cell)
    return rng.choice((cell.upper(), cell.lower(), f"{cell}*", f"-{cell}", f"{cell} {rng.choice(column)}"))


def misdecoded(rng: Random, cell: str, column: Sequence[str]) -> str:
    """Letters with accents, read in the wrong encoding or not at all."""
    if cell.isascii():
        return cell
    if rng.random() < 0.7:
        return cell.encode().decode("cp1252", "replace")
    return "".join(char if char.isascii() else "\ufffd" for char in cell)


def as_date(rng: Random, cell: str, column: Sequence[str]) -> str:
    """A range that a spreadsheet took for a date."""
    found = re.fullmatch(r"(\d+)-(\d+)", cell)
    if not found:
        return cell
    return f"{int(found[1]) % 28 + 1}-{('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul')[int(found[2]) % 7]}"


def zero_lost(rng: Random, cell: str, column: Sequence[str]) -> str:
    """A digit at the front is gone, as when a code is taken for a number."""
    return cell[1:] if re.fullmatch(r"\d{4,}", cell) else cell


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (typo, misread, lost, disguised, exchanged, scaled, reformatted, misdecoded, as_date, zero_lost)
}


def soil(
    rng: Random, clean: Table, rate: float, damages: Sequence[str] = tuple(DAMAGES)
) -> tuple[Table, dict[tuple[int, int], str]]:
    """A dirty copy with about `rate` of all cells wrong in half of its columns, and the damage at each (row, place)."""
    names = list(clean)
    # The first column numbers the rows; errors come in some columns, of a few kinds each, as they do in practice.
    chosen = rng.sample(range(1, len(names)), max(2, len(names) // 2))
    dirty = {name: list(cells) for name, cells in clean.items()}
    wrong: dict[tuple[int, int], str] = {}
    rows = len(clean[names[0]])
    wanted = rate * len(names) / len(chosen)
    for place in chosen:
        column = clean[names[place]]
        kinds = rng.sample(list(damages), min(3, len(damages)))
        for row in range(rows):
            if rng.random() >= wanted or not column[row]:
                continue
            kind = rng.choice(kinds)
            cell = DAMAGES[kind](rng, column[row], column)
            if " ".join(cell.split()) != " ".join(column[row].split()):
                dirty[names[place]][row] = cell
                wrong[row, place] = kind
    return dirty, wrong


def swap_columns(rng: Random, clean: Table, dirty: Table, wrong: dict[tuple[int, int], str], rate: float) -> None:
    """In some rows two neighbouring cells stand in each other's place."""
    names = list(clean)
    for row in range(len(clean[names[0]])):
        if rng.random() >= rate:
            continue
        left = rng.randrange(1, len(names) - 1)
        one, two = clean[names[left]][row], clean[names[left + 1]][row]
        if one != two and (row, left) not in wrong and (row, left + 1) not in wrong:
            dirty[names[left]][row], dirty[names[left + 1]][row] = two, one
            wrong[row, left] = wrong[row, left + 1] = "swapped"
