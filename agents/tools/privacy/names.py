"""Whether texts are people's names: by common names, by how names are written, by what firms and places are called."""

from __future__ import annotations

import re
from functools import cache

from agents.tools.privacy.lexicon import sections
from agents.tools.privacy.normal import fold

_WORD = re.compile(r"[^\W\d_]+")
_NAME_LIKE = re.compile(r"[^\W\d_]+(?:[ .,'\u2019\u00b7-]{1,2}[^\W\d_]+){0,5}\.?\Z")
_ORGANISATION = re.compile(
    r"(?<!\w)(?:ltd|limited|inc|llc|llp|plc|gmbh|mbh|kg|ohg|ag|se|corp|co|company|group|gruppe|holdings?|sons|partners|"
    r"associates|s\.?a\.?s?|sarl|sas|srl|spa|s\.?p\.?a|s\.?r\.?l|bv|b\.v|nv|oy|oyj|ab|as|a/s|aps|kk|pty|pvt|sp|zoo|ltda|"
    r"lda|e\.?v|stiftung|bank|university|hospital|school|institute|foundation|trust|industries|solutions|systems|"
    r"technologies|services|logistics|consulting|airlines|hotel|church|council|ministry|union|club|and|und|et|y|&)"
    r"(?!\w)\.?",
    re.I,
)
_PLACE = re.compile(
    r"(?:ville|town|burg|burgh|shire|stad|stadt|berg|furt|port|ford|ton|haven|chester|mouth|land|bury|side|view|fort)\Z|"
    r"^(?:north|south|east|west|new|port|lake|mount|saint|san|santa|los|las|bad|el|la|le)\s",
    re.I,
)
_CYRILLIC = re.compile(r"(?:ов|ова|ев|ева|ёв|ёва|ин|ина|ский|ская|енко|чук|вич|вна|ко|ян|дзе|швили)\Z", re.I)


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
        return int(words[0] in given or words[0] in family)
    joined = "".join(words[-2:])
    first = any(word in given for word in words)
    last = joined in family or any(word in family for word in words[1:]) or words[0] in family
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
    if 0x600 <= first <= 0x6FF:
        return 2 if any(word in _listed("arabic") for word in words) else 0
    return None


def is_organisation(value: str) -> bool:
    """Whether it carries a word that firms and institutions do."""
    return _ORGANISATION.search(value) is not None


def is_place(value: str) -> bool:
    """Whether it ends or starts as towns do."""
    return _PLACE.search(value) is not None
