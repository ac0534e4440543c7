"""Whether texts are people's names: by common names, by how names are written, by what firms and places are called."""

from __future__ import annotations

import re
from functools import cache

from agents.tools.privacy.lexicon import sections
from agents.tools.privacy.normal import fold

_WORD = re.compile(r"[^\W\d_]+")
# A letter, or a vowel sign of the scripts of India and further east.
_LETTER = r"(?:[^\W\d_]|[\u0900-\u0903\u093a-\u094f\u0981-\u0e4e\u05b0-\u05c7\u064b-\u0652\u200c\u200d])"
_NAME_LIKE = re.compile(rf"[^\W\d_]{_LETTER}*(?:[ .,/'\u2019\u00b7-]{{1,2}}{_LETTER}+){{0,6}}\.?\Z")
# How surnames of many countries end that few other words do.
_SURNAME = re.compile(
    r"(?:[aeiouy]nen|[^aeiou]ski|[^aeiou]ska|wicz|czyk|czak|[oe]vic|[kl]ovic|escu|eanu|poulos|poulou|[a-z]akis|idis|iadis|"
    r"shvili|adze|idze|[aeu]nyan|[dlmrst]yan|[ln]sson|rsson|sdottir|ardottir|nsen|tsen|rsen|lsen|oglu|enko|chuk|yshyn|"
    r"ovova|ikova|akova|[oe]vsky|inskas|auskas|evicius|avicius|aitis|iene|aite|yte|[bdgklmnprstvz]ins|"
    r"[nrlp]dez|[ng]uez|[trn]inez|[ra]rez|qvist|kvist|strom|gren|lund|stedt|hoff|meier|meyer|maier|huber|bauer|"
    r"zadeh|zade|nejad|pour|bekov|ullah|uddin|singh|swamy|murthy|wala|owski|ewska|ievna|ovna)\Z"
)
# Small words between the names of one person.
_PARTICLE = re.compile(
    r"[^\W\d_]{2,} (?:van|von|de|del|della|di|da|dos|das|ten|ter|bin|ibn|af|av|zu)"
    r"(?: (?:de|der|den|la|las|los|het|'t))? [^\W\d_]{2,}\Z"
)
# Those that stand in no place's name and no product's.
_SURNAMED = re.compile(r" (?:van|von|ten|ter|bin|ibn)(?: (?:de|der|den|het|'t))? [^\W\d_a-z]\w+\Z")
_ORGANISATION = re.compile(
    r"(?<!\w)(?:ltd|limited|inc|llc|llp|plc|gmbh|mbh|kg|ohg|ag|se|corp|co|company|group|gruppe|holdings?|sons|partners|"
    r"associates|s\.?a\.?s?|sarl|sas|srl|spa|s\.?p\.?a|s\.?r\.?l|bv|b\.v|nv|oy|oyj|ab|as|a/s|aps|kk|pty|pvt|sp|zoo|ltda|"
    r"lda|e\.?v|stiftung|bank|university|hospital|school|institute|foundation|trust|industries|solutions|systems|"
    r"technologies|services|logistics|consulting|airlines|hotel|church|council|ministry|union|club|and|und|et|y|&|"
    r"motors?|garage|auto|autos|works|workshop|traders?|trading|enterprises?|stores?|shop|mart|supermarket|pharmacy|"
    r"clinic|studio|salon|bakery|cafe|restaurant|farms?|foods?|textiles?|builders?|constructions?|contractors?|"
    r"properties|realty|insurance|electronics|furniture|press|publishers?|publishing|books|travels?|tours|transport|"
    r"express|cargo|shipping|agency|agencies|center|centre|academy|college|labs?|pharma|media|ventures|capital|"
    r"brothers|bros)"
    r"(?!\w)\.?",
    re.I,
)
_PLACE = re.compile(
    r"(?:ville|town|burg|burgh|shire|stad|stadt|berg|furt|port|ford|ton|haven|chester|mouth|land|bury|side|view|fort)\Z|"
    r"^(?:north|south|east|west|new|port|lake|mount|saint|san|santa|los|las|bad|el|la|le)\s",
    re.I,
)
_CYRILLIC = re.compile(
    r"(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ский|ская|ський|ська|енко|чук|щук|юк|вич|вна|ко|ян|ић|ски|ска|дзе|швили)\Z", re.I
)
# Letters of other scripts, how surnames end in them, and the list of the names most heard.
_SCRIPTS = (
    (
        0x370,
        0x3FF,
        re.compile(r"(?:πουλος|πουλου|ακης|ακη|ιδης|ιδου|αδης|αδου|ατος|ιωτης|ελης|ογλου|ακος|εας)\Z"),
        "greek",
    ),
    (0x530, 0x58F, re.compile(r"(?:յան|եան|յանց)\Z"), ""),
    (0x590, 0x5FF, None, "hebrew"),
    (0x600, 0x6FF, re.compile(r"(?:زاده|پور|نژاد|\u06cc\u0627\u0646)\Z"), "arabic"),
    (0x900, 0x97F, None, "indic"),
    (0xE00, 0xE7F, None, "thai"),
    (0x10A0, 0x10FF, re.compile(r"(?:შვილი|ძე|ავა|უა|ური|ული|იანი)\Z"), ""),
)


@cache
def _listed(section: str) -> frozenset[str]:
    return frozenset(sections("names.txt")[section])


def looks_like_name(value: str) -> bool:
    """Whether it is written as a name is: a few words of letters."""
    return len(value) <= 60 and _NAME_LIKE.match(value) is not None


def is_known_name(value: str) -> int:
    """2 for a given and a family name, 1 for one of them alone, 0 for neither."""
    if not looks_like_name(value):
        return 0
    if not value.isascii() and (found := _other_script(value)) is not None:
        return found
    words = [word for word in _WORD.findall(fold(value)) if word not in _listed("titles")]
    if not words or not any(character.isupper() for character in value):
        return 0
    given, family = _listed("given"), _listed("family")
    if len(words) == 1:
        return int(words[0] in given or words[0] in family or _SURNAME.search(words[0]) is not None)
    joined = "".join(words[-2:])
    first = any(word in given for word in words)
    last = joined in family or any(word in family or _SURNAME.search(word) for word in words[1:])
    last = last or words[0] in family or _SURNAME.search(words[0]) is not None
    if not last:  # a surname nobody listed, after a small word that names have
        last = (_PARTICLE if first else _SURNAMED).search(value) is not None
    return 2 if first and last else int(first or last)


def _other_script(value: str) -> int | None:
    """Names in Han, Kana, Hangul, Cyrillic and Arabic letters; None for Latin and others."""
    first = ord(value[0])
    if 0x4E00 <= first <= 0x9FFF:
        bare = value.replace(" ", "").replace("\u3000", "")
        if bare.startswith(tuple(_listed("japanese"))) and len(bare) <= 6:
            return 2
        return 2 if 2 <= len(bare) <= 4 and bare[0] in _listed("chinese") else 0
    if 0xAC00 <= first <= 0xD7A3:
        return 2 if 2 <= len(value.replace(" ", "")) <= 4 and value[0] in _listed("korean") else 0
    words = value.split()
    if 0x400 <= first <= 0x4FF:
        known = [bool(_CYRILLIC.search(word)) or word.lower() in _listed("cyrillic") for word in words]
        return min(2, sum(known))
    for low, high, ending, section in _SCRIPTS:
        if low <= first <= high:
            return _heard(words, ending, _listed(section) if section else frozenset())
    return None


def _heard(words: list[str], ending: re.Pattern[str] | None, listed: frozenset[str]) -> int:
    """How many of a name's words are listed or end as surnames do, two at most; of one word alone one."""
    plain = [fold(word) for word in words]
    known = sum(
        bare in listed or word in listed or bool(ending and ending.search(bare))
        for word, bare in zip(words, plain, strict=True)
    )
    return min(2, known, len(words))


def is_organisation(value: str) -> bool:
    """Whether it carries a word that firms and institutions do."""
    return _ORGANISATION.search(value) is not None


def is_place(value: str) -> bool:
    """Whether it ends or starts as towns do."""
    return _PLACE.search(value) is not None
