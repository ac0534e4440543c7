"""Names of people: when two spellings are one person.

`canonical` folds together whatever a reader could take for the same name, so it only ever serves to find somebody
who then proves it with a code, and to keep people from approving their own requests. What gives rights without a
proof compares with `exact`.
"""

from __future__ import annotations

import re
import unicodedata

from agents.core.errors import ConfigError

LONGEST = 200
# Letters of other scripts, and digits, that look like a Latin letter; in lower case, after compatibility folding.
_ALIKE = {
    "a": "αаɑⲁꭺᗅᎪꓮ",
    "b": "вьβϐƅᏴꓐ",
    "c": "сϲⲥᏟꓚ",
    "d": "ԁɗᏧᎠꓓ",
    "e": "еєҽε℮ɛⲉᎬꓰ",
    "f": "ƒϝꞙꓝ",
    "g": "ɡգԍցᏀꓖ",
    "h": "нһհⲏᎻᏂꓧ",
    "j": "јϳյᎫꓙ",
    "k": "кκⲕқҟᏦꓗ",
    "l": "i1|!ιіӏוןاլⲓᎥᏞꓡꓲǀ",
    "n": "пηռողꓠ",
    "o": "0οоσօⲟოө○ⵔഠ๐໐०০੦૦௦౦೦൦ဝ၀ꓳᎾ",
    "p": "рρⲣҏᏢꓑ",
    "q": "ԛզϙ",
    "r": "гᴦⲅᎡꓣ",
    "s": "ѕꜱƽտᏚꓢ",
    "t": "тτⲧᎢꓔ",
    "u": "υսцꓴ",
    "v": "νѵⲩᏙꓦ",
    "x": "хχⲭҳꓫ",
    "y": "уγүұყꓬ",
    "z": "ζᏃꓜ",
    "rn": "mмᎷꓟ",
    "vv": "wωшщԝաѡᎳꓪ",
    "-": "‐‑‒–—―−",
    ".": "․。·",
    "'": "’‘ʼ`´ʹ",
}
_FOLD = str.maketrans({letter: latin for latin, letters in _ALIKE.items() for letter in letters})
# Greek capitals that look like another letter than their small ones do: they tell only between Latin letters.
_CAPITALS = str.maketrans("ΗΝΥΜ", "HNYM")
# Small capitals, barred, hooked and turned letters: Unicode's name says which Latin letter they vary.
_VARIANT = re.compile(r"LATIN (?:SMALL|CAPITAL|LETTER SMALL CAPITAL)(?: LETTER)?(?: [A-Z\-]{3,})*? ([A-Z])\b")
_BLANK = "\u115f\u1160\u2800"  # letters and symbols that print as nothing
_ALLOWED = re.compile(r"[\w.@+\-'’ ]+")


def canonical(name: str) -> str:
    """One text for all spellings of a name: case, width, spaces, accents, invisible and look-alike letters folded."""
    if re.search("[A-Za-z]", name):
        name = name.translate(_CAPITALS)
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold()).casefold()
    seen = "".join(letter for letter in folded if unicodedata.category(letter)[0] not in "CMZ" and letter not in _BLANK)
    return "".join(map(_latin, seen)).translate(_FOLD)


def exact(name: str) -> str:
    """A name as another system vouches for it: only surrounding spaces and the case of plain letters do not count."""
    name = name.strip()
    return name.lower() if name.isascii() else name


def alike(one: str, other: str) -> bool:
    """Whether two names may be one person's: the mailbox counts where one of them has no domain, +tags never do."""
    (mailbox, domain), (second, elsewhere) = _parts(one), _parts(other)
    return mailbox == second and (domain == elsewhere or not domain or not elsewhere)


def valid_name(name: str, where: str) -> str:
    """The name, tidied. Raises ConfigError for one that could not be told apart or shown."""
    tidy = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(tidy) <= LONGEST or not _ALLOWED.fullmatch(tidy) or not canonical(tidy):
        raise ConfigError(
            "this is no name for a person", where=where, fix="use letters, digits, spaces and . @ + - _ ' alone"
        )
    return tidy


def _latin(letter: str) -> str:
    if letter.isascii():
        return letter
    found = _VARIANT.match(unicodedata.name(letter, ""))
    return found[1].lower() if found else letter


def _parts(name: str) -> tuple[str, str]:
    mailbox, _, domain = canonical(name.rsplit("\\", 1)[-1]).partition("@")
    return mailbox.split("+")[0], domain
