"""Check digits of numbers people carry. Each takes digits (or letters) without separators."""

from __future__ import annotations

from collections.abc import Sequence

_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(number: str) -> bool:
    """ISO/IEC 7812: payment cards, many national numbers."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def verhoeff(number: str) -> bool:
    """Aadhaar."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = _D[check][_P[place % 8][int(digit)]]
    return check == 0


def weighted(number: str, weights: Sequence[int]) -> int:
    """The sum of digits times their weights."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def iso_11_10(number: str) -> bool:
    """ISO 7064 mod 11, 10: German tax ids, Croatian OIB."""
    product = 10
    for digit in number[:-1]:
        product = (((int(digit) + product) % 10 or 10) * 2) % 11
    return (11 - product) % 10 == int(number[-1])


def mod_97(text: str) -> bool:
    """ISO 7064 mod 97, 10, as in an IBAN: the first four characters move to the end."""
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def ean(number: str) -> bool:
    """The check digit of EAN, GTIN and ISBN-13."""
    return (weighted(number[:-1][::-1], (3, 1) * 10) + int(number[-1])) % 10 == 0


def real_date(year: int, month: int, day: int) -> bool:
    """Whether a calendar has the day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    if month == 2:
        return day <= (29 if year % 4 == 0 else 28)
    return day <= 30 or month not in (4, 6, 9, 11)


def ymd(text: str) -> bool:
    """Six digits that are year, month, day."""
    return real_date(int(text[:2]), int(text[2:4]), int(text[4:6]))


def dmy(text: str) -> bool:
    """Six digits that are day, month, year."""
    return real_date(int(text[4:6]), int(text[2:4]), int(text[:2]))
