"""Words for invented tables: given and family names, places, and made-up words that look like a language."""

from __future__ import annotations

from random import Random

Table = dict[str, list[str]]
"""Columns of equal length, every cell text."""

_GIVEN_TEXT = """
Ada Alan Alice Amir Anna Ben Boris Carla Chen Clara Dana David Diego Elena Emma Erik Fatima Felix Grace Hana
Hugo Ines Ivan Jack Jane Jonas Julia Karim Kate Lars Laura Lena Leo Lin Lucas Maria Marta Max Mia Mina Nina
Noah Olga Omar Oscar Paul Petra Rahul Rosa Sam Sara Sofia Sven Tara Theo Tom Uma Vera Victor Wei Yara Yusuf
Zoe José Zoë André Jürgen Søren Chloé
"""
_FAMILY_TEXT = """
Abbott Adler Alvarez Andersen Baker Banerjee Becker Bell Berg Brown Burke Castro Chen Clark Cohen Costa Cruz
Dahl Davis Diaz Dubois Evans Ferrari Fischer Fox Garcia Gray Green Gupta Haas Hansen Hill Hoffman Hughes Ito
Jensen Jones Kaur Keller Khan Kim King Kowalski Kumar Lang Larsen Lee Lopez Martin Mendes Meyer Moore Murphy
Nguyen Novak Okafor Olsen Ortiz Park Patel Perez Peters Petrov Quinn Reed Rossi Russo Sato Schmidt Silva Singh
Smith Smyth Stein Suzuki Tanaka Taylor Thomas Torres Turner Vogel Wagner Walker Wang Weber White Wilson Wong
Wood Wright Yang Young Zhang Zimmer Müller Núñez Lefèvre Sørensen Gómez Björk
"""
_STATES_TEXT = """
AL AZ CA CO FL GA IL IN KS MA MD ME MI MN MO NC NJ NM NY OH OR PA TN TX UT VA WA WI
"""
_STARTS_TEXT = """
b br c ch cl d dr f fl g gr h j k l m n p pr qu r s sh sl st t tr v w
"""
_MIDDLES_TEXT = """
a ai e ea ee i io o oa oo u
"""
_ENDS_TEXT = """
b ck d ft g l ld ll m mp n nd ng nt p r rd rn rt s sh st t th x
"""
GIVEN = _GIVEN_TEXT.split()
FAMILY = _FAMILY_TEXT.split()
STATES = _STATES_TEXT.split()
_STARTS = _STARTS_TEXT.split()
_MIDDLES = _MIDDLES_TEXT.split()
_ENDS = _ENDS_TEXT.split()


def word(rng: Random, syllables: int = 2) -> str:
    """A made-up word."""
    parts = [
        rng.choice(_STARTS) + rng.choice(_MIDDLES) + (rng.choice(_ENDS) if rng.random() < 0.6 else "")
        for _ in range(syllables)
    ]
    return "".join(parts)


def words(rng: Random, count: int, syllables: int = 2) -> list[str]:
    """Distinct made-up words."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[word(rng, syllables)] = None
    return list(found)


def title(rng: Random, vocabulary: list[str], least: int, most: int) -> str:
    """A title: words drawn so that few are frequent and many rare, as in a language."""
    size = len(vocabulary)
    picked = [vocabulary[min(size - 1, int(rng.paretovariate(0.7)) - 1)] for _ in range(rng.randint(least, most))]
    text = " ".join(picked)
    return text[0].upper() + text[1:]


def person(rng: Random) -> str:
    """Given and family name."""
    return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"


def digits(rng: Random, count: int) -> str:
    """So many digits, the first not 0."""
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def skewed(rng: Random, size: int) -> int:
    """A position below size, small ones far more often."""
    return min(size - 1, int(size * rng.random() ** 2.5))


def add(table: Table, cells: tuple[str, ...]) -> None:
    """One more row."""
    for column, cell in zip(table.values(), cells, strict=True):
        column.append(cell)
