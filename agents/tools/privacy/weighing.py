"""Presidio's findings in a text weighed by the words around them, and phones that only words or their form tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from agents.tools.privacy.cards import issued
from agents.tools.privacy.dates import year_of
from agents.tools.privacy.found import Span
from agents.tools.privacy.normal import compact
from agents.tools.privacy.own import CARD_WORDS, after, before

LEAST = 0.4
# What Presidio finds weakly, and the words before it that make it sure.
_NAMED = {
    "US_SSN": re.compile(r"\bssn|social security|soc\.? sec|taxpayer"),
    "US_ITIN": re.compile(r"\bitin|taxpayer|tax id"),
    "US_PASSPORT": re.compile(r"passport|travel doc"),
    "US_BANK_NUMBER": re.compile(r"account|acct|\bbank|konto|cuenta|compte|routing"),
    "US_DRIVER_LICENSE": re.compile(r"driver|driving|licen[sc]e|\bdl\b"),
    "UK_NHS": re.compile(r"\bnhs\b|health (?:service|number)"),
    "MEDICAL_LICENSE": re.compile(r"\bdea\b|medical|certificate|prescriber"),
    "PHONE_NUMBER": re.compile(
        r"phone|\btel\b|\btel[.:]|mobile|\bcell|\bfax|\bcall\b|\bdial|\bring\b|\bsms\b|whatsapp|\bdesk\b|\boffice\b|"
        r"reach (?:me|us|him|her|them)|contact|answering at|telefon|rückfragen|handy|móvil|portable|messages? to|"
        r"rappel|joindre|appeler|t[eé]l\b|t[eé]l[eé]phone|llamar|llame|llamada|chiamare|chiamata|ligar|bellen|mobiel|ringen|anruf|"
        r"zadzwo|komórk|zavolat|puhelin|ringa|kontakt|hívja|sunaţi|suna[tț]i|arayın|telef|позвон|звон|тел\b|電話|电话|手机|전화|"
        r"registered"
    ),
}
_DROPPED = frozenset(("DATE_TIME", "UUID"))
_NUMBER = re.compile(
    r"(?<![\w.+-])((?:\+|00)?\(?\d[\d ()./-]{4,18}\d)(?:(?![\w])| ?(?:x|ext\.?) ?\d{1,6}(?![\w]))", re.I
)
_PHONE_LIKE = re.compile(
    r"(?:\d{3}[-.]\d{3}[-.]\d{4}|0[1-9](?:[ .]\d\d){4}|0[789]0-\d{4}-\d{4}|01[016-9]-\d{3,4}-\d{4}|"
    r"\(\d{2,5}\) ?\d[\d -]{4,9}\d|\(0\d{3,4}\) ?\d{5}|0\d{3,4} \d{5,7})\Z"
)
# Words that call a number something that is nobody's.
_OTHER = re.compile(
    r"\b(?:order|invoice|ticket|ref(?:erence)?|case|sku|part|item|model|serial|batch|lot|shipment|tracking|po|rma|article|"
    r"version|build|isbn|ean|upc|quantity|qty|amount|total|price)\b[ .:#no]{0,8}\Z"
)
_TRUNK = re.compile(r"0[1-9]\d{9}\Z")  # a zero before the area code, as no tax office starts a number
_MOMENT = re.compile(r"1[0-9]\d{8}(?:\d{3})?\Z")  # seconds or milliseconds since 1970
_OFFICE = re.compile(r"\s*[-(]?\s*(?:office|home|work|mobile|cell|fax|direct)\b")
_VERSION = re.compile(
    r"(?:\b(?:rev|ver|version|v|release|build|firmware|fw|sdk|driver|update|patch|kernel)[ .:#=]*|[a-z]-|"
    r"(?<!/)\b[a-z]+/)\Z",
    re.I,
)
# Few networks start so low, most versions do; and versions count on slowly.
_VERSION_LIKE = re.compile(r"(?:[0-9]|1[1-5])\.(?:[12]?\d|3[01])(?:\.\d{1,3}){2}\Z")
_BIRTH = re.compile(
    r"\b(?:born|birth|birthday|dob|d\.o\.b|geb(?:oren|urtsdatum|\.)|nacid|né[e]? le|nato|nata)\b[^.]{0,20}\Z", re.I
)
_CLEAR_URL = re.compile(r"\Ahttps?://|\Awww\d?\.|\.(?:com|org|net|edu|gov|io|info|app|dev|me|co\.\w\w)/", re.I)


def weighed(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """Presidio's findings with the score that the words around give them."""
    for span in found:
        if span.type in _DROPPED:
            if span.type == "DATE_TIME" and _is_birth(text, span):
                yield span._replace(type="DATE_OF_BIRTH", score=0.7)
            continue
        score = _score(text, span)
        if score >= LEAST:
            yield span._replace(score=score)


def _is_birth(text: str, span: Span) -> bool:
    """A date that words call a birth, or that is all there is and lies a youth ago."""
    if span.end - span.start == len(text.strip()):
        now = date.today().year
        year = year_of(text.strip(), now)
        return year is not None and 1910 <= year <= now - 14
    return span.end - span.start >= 6 and _BIRTH.search(before(text, span.start)) is not None


def _score(text: str, span: Span) -> float:
    part, told = text[span.start : span.end], before(text, span.start)
    if _OTHER.search(told) and span.score < 1.0:
        return 0.0
    named = span.type in _NAMED and _NAMED[span.type].search(told) is not None
    alone = len(part) == len(text.strip())
    if span.type == "PHONE_NUMBER":
        return _phone(text, span, part, named=named, alone=alone)
    if span.type == "IP_ADDRESS":
        return 0.3 if _VERSION.search(told) or (alone and _VERSION_LIKE.match(part)) else span.score
    if span.type == "URL":
        return span.score if _CLEAR_URL.search(part) else 0.3
    if span.type == "UK_NHS":
        return 0.95 if named else 0.6 if part.count(" ") == 2 else 0.47 if alone else 0.35
    if span.type == "MEDICAL_LICENSE":
        outside = _inside_word(text, span)
        return 0.0 if outside else 0.8 if named else 0.45 if alone else 0.2
    if span.type == "CREDIT_CARD" and not CARD_WORDS.search(told):
        number = compact(part)  # of thirteen digits far more are goods and accounts than cards of old
        return 0.3 if len(number) == 13 or (alone and not issued(number)) else span.score
    if span.type in ("CRYPTO", "IBAN_CODE") and _inside_word(text, span):
        return 0.0
    if span.type == "IBAN_CODE":  # a piece of a longer code with dashes
        return 0.0 if "-" in (text[span.start - 1 : span.start], text[span.end : span.end + 1]) else span.score
    if span.type == "US_PASSPORT" and alone and not part.isdigit():
        return 0.42
    if span.type == "US_SSN" and alone and part.isdigit():
        return 0.41
    return min(1.0, span.score + 0.4) if named and span.score < 0.6 else span.score


def _phone(text: str, span: Span, part: str, *, named: bool, alone: bool) -> float:
    """A number alone, or written as phones are, or named one; not a piece of a code."""
    if span.start and ((text[span.start - 1] in "-_/#.:$€£" and not named) or text[span.start - 1].isalnum()):
        return 0.0
    if span.end < len(text) and ((text[span.end] in "-_/" and not named) or text[span.end].isalnum()):
        return 0.0
    digits = sum(character.isdigit() for character in part)
    if named:
        return 0.7 if digits >= 5 else 0.0
    if part.startswith(("+", "(")) or part.count(".") == 2:
        return 0.6
    if part.count(".") or digits < 7 or _MOMENT.match(part):
        return 0.0
    if part.isdigit() and (digits == 8 or digits > 13):
        return 0.0  # days are written with eight digits; no country dials fourteen
    if alone and part.isdigit() and _TRUNK.match(part):
        return 0.41
    return 0.4 if alone or not part.isdigit() or 10 <= digits <= 11 else 0.0


def phone_numbers(text: str) -> Iterator[Span]:
    """Numbers that no numbering plan knows, but that are written as phones are or that words call one."""
    for match in _NUMBER.finditer(text):
        part = match[1]
        digits = sum(character.isdigit() for character in part)
        if not 6 <= digits <= 15:
            continue
        told = before(text, match.start())
        if part[0] == "+" and digits >= 8:
            yield Span(match.start(), match.end(), "PHONE_NUMBER", 0.71)
        elif _OTHER.search(told):
            continue
        elif _PHONE_LIKE.match(part) or _NAMED["PHONE_NUMBER"].search(told) or _OFFICE.match(after(text, match.end())):
            yield Span(match.start(), match.end(), "PHONE_NUMBER", 0.45)


def _inside_word(text: str, span: Span) -> bool:
    return (span.start > 0 and text[span.start - 1].isalnum()) or (span.end < len(text) and text[span.end].isalnum())
