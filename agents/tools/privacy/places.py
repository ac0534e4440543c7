"""Whether texts are postal addresses, in the ways many countries write them."""

from __future__ import annotations

import re
import unicodedata

from agents.tools.privacy.normal import fold

_ENGLISH = (
    r"street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir|way|place|pl|square|sq|terrace|"
    r"ter|trail|trl|parkway|pkwy|highway|hwy|close|crescent|cres|grove|gardens|mews|row|hill|walk|alley|plaza|loop|"
    r"freeway|expressway|turnpike|path|pike|crossing|ridge|heights|point|estate|park|green|rise|quay|wharf|parade"
)
_STREET = re.compile(
    rf"\b\d{{1,6}}[a-z]?(?:[-/]\d+)?,?\s+(?:[\w.'’-]+\s+){{0,4}}(?:{_ENGLISH})\b"
    r"|\b(?:rue|avenue|boulevard|bd|allee|chemin|place|quai|impasse|cours|route|calle|avenida|av|avda|carrer|paseo|plaza|"
    r"camino|ronda|via|viale|piazza|corso|vicolo|largo|strada|contrada|rua|travessa|praca|alameda|rodovia|estrada|ul|ulica|"
    r"al|aleja|plac|os|ulitsa|prospekt|strada|bulevardul|calea|cesta|jalan|jl|pasaje|urbanizacion|cuesta|glorieta|rambla|"
    r"acceso|callejon|pasadizo|via|borgo|canale|rotonda|incrocio|stretto|circunvalacion|ampliacion|privada|cerrada|"
    r"prolongacion|calzada|eje|peatonal|retorno|viaducto|corredor|diagonal|continuacion|andador|boulevard)\b\.?\s+"
    r"[\w.'’-]+"
    r"|\w+(?:strasse|str\.|str\b|weg|allee|platz|gasse|ring|damm|ufer|straat|laan|gracht|plein|kade|dreef|singel|gatan|"
    r"vagen|gata|vej|gade|veien|veg|vei|katu|tie|kuja|utca|allé|stien|stig)\.?\s*,?\s*\d+",
    re.I,
)
_CITY = re.compile(
    r"\b[A-Z]{2}\s+\d{5}(?:-\d{4})?\b"  # a state and its ZIP code
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[ABD-HJLNP-UW-Z]{2}\b"  # a British postcode
    r"|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b"  # a Canadian one
    r"|(?:^|[,\n]\s*)(?:[A-Z]{1,2}-)?(?:\d{4,5}(?:[ -]\d{2,3})?|\d{3} \d\d)\s+[A-ZÀ-Ý][\w'’.-]+"  # a code before a town
    r"|\b[A-Z][\w'’-]+,?\s+\d{4,6}\b"
)
_BOX = re.compile(r"\b(?:p\.?\s?o\.?\s?box|postfach|apartado|boite postale|psc \d|unit \d+ box|[af]po a[aep])\b", re.I)
_EASTERN = re.compile(
    r"[省市区縣県都道府郡町村][^\s]{0,12}?\d|\d+\s*(?:丁目|番地?|号|號|室|楼|弄)|[路街][^\s]{0,6}?\d+号?|[시도군구동읍면로길]\s?\d|"
    r"(?:ул\.|улица|пр\.|проспект|пер\.|д\.|вул\.|буд\.|кв\.|площа|бул\.|ж\.к\.)\s*\S+|(?:省|市)\S{2,12}(?:路|街|道|巷)|"
    r"[가-힣](?:도|시)\s\S+[시군구]\s|(?:ถ\.|ถนน|ซอย|หมู่|อำเภอ|เขต|ตำบล)|(?:ქ\.|ქუჩა|գ\.|փողոց|ул |\bтк )|"
    r"\b(?:Quận|Phường|Đường|Huyện|Thành phố|Thị xã|Tỉnh|TP\.|Q\.\s?\d|P\.\s?\d)|"
    r"\bΤ\.?Κ\.?\s?\d|^(?:Πλ|Οδ|Λεωφ|Οδός|Πλατεία|Λεωφόρος)[. ]|(?:रोड|मार्ग|नगर|गली)|\bשד'|רחוב|شارع|خیابان|کوچه"
)
# In whatever language: two words or more, and a number of a house or a town.
_LOOSE = re.compile(r"(?=.*\d)[^\W\d_]{2}.*[\s,].*|\d+[\w/-]*,?\s+[^\W_]{2}.*")
_FLAT = re.compile(
    r"\b(?:apt|apartment|suite|ste|unit|flat|floor|room|wohnung|appartement|piso|planta|interno|etage)\b\.?", re.I
)


def could_be_address(value: str) -> bool:
    """Whether words and a number stand as in an address; enough only where the column's name asks for addresses."""
    if not 8 <= len(value) <= 200 or "@" in value or "://" in value or value[0] in "/\\{[<":
        return False
    letters = sum(unicodedata.category(character)[0] in "LM" for character in value)  # vowel signs too
    return letters >= 4 and letters > len(value) / 3 and _LOOSE.match(value) is not None and " " in value


def is_address(value: str) -> bool:
    """Whether it holds a street or a box with a number, as an address does; a sentence that mentions one is none."""
    if not 6 <= len(value) <= 200 or not any(character.isdigit() for character in value):
        return False
    if not value.isascii() and _EASTERN.search(value):
        return True
    if "://" in value or "@" in value or value.count(". ") > 2:
        return False
    plain = fold(value)
    if _STREET.search(plain) or _BOX.search(plain):
        return True
    return _CITY.search(value) is not None and ("," in value or "\n" in value or _FLAT.search(plain) is not None)
