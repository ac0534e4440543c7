"""National ids and like numbers: their form, their check, and how often another number passes by chance."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.tools.privacy.checksums import iso_11_10, luhn, real_date, weighted, ymd

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class IdKind:
    """One kind of number. `form` matches it without separators, in capitals; `chance` is the part of the numbers of
    that form that pass `check` without being one."""

    type: str
    form: re.Pattern[str]
    check: Check
    chance: float
    sizes: range
    words: tuple[str, ...] = ()
    written: tuple[str, ...] = field(default=())
    """How it is written with separators, as shapes (9 a digit, A a letter); one of these is evidence of its own."""

    def fits(self, compact: str) -> bool:
        """Whether a value without separators is one."""
        return self.form.fullmatch(compact) is not None and self.check(compact)


def kind(name: str, form: str, sizes: str, check: Check, chance: float, words: str = "", written: str = "") -> IdKind:
    """`sizes` is how many characters it has, as `9` or `8-9`; words and written forms stand with commas between."""
    least, _, most = sizes.partition("-")
    parts = tuple(word for word in words.split(",") if word)
    drawn = tuple(shape for shape in written.split(",") if shape)
    return IdKind(name, re.compile(form), check, chance, range(int(least), int(most or least) + 1), parts, drawn)


def always(_: str) -> bool:
    """No check digit: the form is all there is."""
    return True


def ssn(n: str) -> bool:
    """Areas, groups and serials that were never issued are none."""
    return n[:3] not in ("000", "666") and n[0] != "9" and n[3:5] != "00" and n[5:] != "0000" and len(set(n)) > 1


def nhs(n: str) -> bool:
    rest = 11 - weighted(n, range(10, 1, -1)) % 11
    return rest != 10 and rest % 11 == int(n[9])


def nino(n: str) -> bool:
    return n[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def de_rvnr(n: str) -> bool:
    if not real_date(int(n[6:8]), int(n[4:6]), int(n[2:4]) % 50 or 50):
        return False
    digits = n[:8] + f"{ord(n[8]) - 64:02d}" + n[9:11]
    products = (int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(n[11])


def fr_nir(n: str) -> bool:
    plain = n[:13].replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and 97 - int(plain) % 97 == int(n[13:])


_NIF = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_nif(n: str) -> bool:
    return _NIF[int(n[:8]) % 23] == n[8]


def es_nie(n: str) -> bool:
    return _NIF[int(str("XYZ".index(n[0])) + n[1:8]) % 23] == n[8]


_ODD_DIGITS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_ODD_LETTERS = (*_ODD_DIGITS, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_ODD_DIGITS, *_ODD_LETTERS), strict=True))


def it_code(n: str) -> bool:
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in n[1:15:2])
    return chr(65 + (sum(_ODD[c] for c in n[:15:2]) + even) % 26) == n[15]


def nl_bsn(n: str) -> bool:
    return (weighted(n[:8], range(9, 1, -1)) - int(n[8])) % 11 == 0 and len(set(n)) > 1


def be_nrn(n: str) -> bool:
    check = int(n[9:])
    return ymd(n) and (97 - int(n[:9]) % 97 == check or 97 - int("2" + n[:9]) % 97 == check)


def pl_pesel(n: str) -> bool:
    month = int(n[2:4]) % 20
    dated = real_date(int(n[:2]), month, int(n[4:6]))
    return dated and (weighted(n, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) + int(n[10])) % 10 == 0


def se_pnr(n: str) -> bool:
    short = n[-10:]
    return real_date(int(short[:2]), int(short[2:4]), int(short[4:6]) % 60) and luhn(short)


def no_fnr(n: str) -> bool:
    day, month = int(n[:2]) % 40, int(n[2:4]) % 40
    first = weighted(n, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    return (
        real_date(int(n[4:6]), month, day) and first == 0 and weighted(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def fi_hetu(n: str) -> bool:
    number = n[:6] + n[-4:-1]
    dated = real_date(int(n[4:6]), int(n[2:4]), int(n[:2]))
    return dated and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number) % 31] == n[-1]


def dk_cpr(n: str) -> bool:
    return real_date(int(n[4:6]), int(n[2:4]), int(n[:2]))


def pt_nif(n: str) -> bool:
    rest = weighted(n, range(9, 1, -1)) % 11
    return (0 if rest < 2 else 11 - rest) == int(n[8])


def ch_ahv(n: str) -> bool:
    return (10 - weighted(n[:12], (1, 3) * 6) % 10) % 10 == int(n[12])


def ie_pps(n: str) -> bool:
    extra = "WABCDEFGHI".find(n[8]) * 9 if len(n) > 8 else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(n, range(8, 1, -1)) + max(0, extra)) % 23] == n[7]


def at_svnr(n: str) -> bool:
    return dmy_loose(n[4:10]) and weighted(n[:3] + n[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(n[3])


def bg_egn(n: str) -> bool:
    """A month beyond twenty or forty is of another century."""
    return real_date(int(n[:2]), int(n[2:4]) % 20, int(n[4:6])) and weighted(
        n, (2, 4, 8, 5, 10, 9, 7, 3, 6)
    ) % 11 % 10 == int(n[9])


def cz_rc(n: str) -> bool:
    """Women's months are 50 higher; 20 more where a day's numbers ran out."""
    return real_date(int(n[:2]), int(n[2:4]) % 50 % 20, int(n[4:6])) and int(n[:9]) % 11 % 10 == int(n[9])


def ee_code(n: str) -> bool:
    """Estonia's and Lithuania's, of one make."""
    rest = weighted(n, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(n, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return ymd(n[1:7]) and rest == int(n[10])


def gr_amka(n: str) -> bool:
    return real_date(int(n[4:6]), int(n[2:4]), int(n[:2])) and luhn(n)


def hu_taj(n: str) -> bool:
    return weighted(n, (3, 7) * 4) % 10 == int(n[8]) and len(set(n)) > 1


def dmy_loose(text: str) -> bool:
    """Day and month; a number beyond twelve stands for an unknown month."""
    return 1 <= int(text[:2]) <= 31 and 1 <= int(text[2:4]) <= 15


EUROPE = (
    kind("UK_NHS", r"\d{10}", "10", nhs, 0.09, "nhs,health service", "999 999 9999,999-999-9999"),
    kind(
        "UK_NINO",
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]",
        "9",
        nino,
        0.1,
        "nino,national insurance,ni number,ni no",
        "AA 99 99 99 A,AA-99-99-99-A,AA999999A",
    ),
    kind(
        "DE_TAX_ID",
        r"[1-9]\d{10}",
        "11",
        iso_11_10,
        0.1,
        "steuer,tax id,idnr,tin,steueridentifikationsnummer",
        "99 999 999 999",
    ),
    kind(
        "DE_SOCIAL_SECURITY",
        r"\d{8}[A-Z]\d{3}",
        "12",
        de_rvnr,
        0.02,
        "rentenversicherung,sozialversicherung,rvnr,svnr,sv nummer",
    ),
    kind(
        "FR_NIR",
        r"[12]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d\d|2[AB])\d{6}\d\d",
        "15",
        fr_nir,
        0.01,
        "nir,securite sociale,secu,insee",
        "9 99 99 99 999 999 99",
    ),
    kind("ES_NIF", r"\d{8}[A-Z]", "9", es_nif, 0.04, "dni,nif,documento", "99999999-A,99.999.999-A"),
    kind("ES_NIE", r"[XYZ]\d{7}[A-Z]", "9", es_nie, 0.04, "nie,extranjero"),
    kind("IT_FISCAL_CODE", r"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]", "16", it_code, 0.04, "fiscal,codice,cf"),
    kind("NL_BSN", r"\d{9}", "9", nl_bsn, 0.09, "bsn,burgerservice,sofi", "9999.99.999"),
    kind("BE_NRN", r"\d{11}", "11", be_nrn, 0.01, "rijksregister,registre national,nrn,niss,insz", "99.99.99-999.99"),
    kind("PL_PESEL", r"\d{11}", "11", pl_pesel, 0.03, "pesel"),
    kind(
        "SE_PERSONNUMMER", r"(?:19|20)?\d{10}", "10-12", se_pnr, 0.03, "personnummer,pnr", "999999-9999,99999999-9999"
    ),
    kind("NO_FNR", r"\d{11}", "11", no_fnr, 0.003, "fodselsnummer,fnr,personnummer", "999999 99999"),
    kind(
        "FI_PERSONAL_IDENTITY_CODE",
        r"\d{6}[-+ABCDEFYXWVU]?\d{3}[0-9A-FHJ-NPR-Y]",
        "10-11",
        fi_hetu,
        0.01,
        "hetu,henkilotunnus",
    ),
    kind("DK_CPR", r"\d{10}", "10", dk_cpr, 0.036, "cpr,personnummer", "999999-9999"),
    kind("PT_NIF", r"[1235689]\d{8}", "9", pt_nif, 0.09, "nif,contribuinte,fiscal"),
    kind("CH_AHV", r"756\d{10}", "13", ch_ahv, 0.1, "ahv,avs,sozialversicherung", "999.9999.9999.99"),
    kind("IE_PPS", r"\d{7}[A-W][A-IW]?", "8-9", ie_pps, 0.04, "pps,ppsn"),
    kind("AT_SVNR", r"[1-9]\d{9}", "10", at_svnr, 0.02, "svnr,sozialversicherung,versicherungsnummer", "9999 999999"),
    kind("BG_EGN", r"\d{10}", "10", bg_egn, 0.005, "egn,\u0435\u0433\u043d"),
    kind("CZ_BIRTH_NUMBER", r"\d{10}", "10", cz_rc, 0.005, "rodne cislo,rc,birth number", "999999/9999"),
    kind("EE_PERSONAL_CODE", r"[1-8]\d{10}", "11", ee_code, 0.003, "isikukood,asmens kodas,personal code"),
    kind("GR_AMKA", r"\d{11}", "11", gr_amka, 0.004, "amka,\u03b1\u03bc\u03ba\u03b1"),
    kind("HU_TAJ", r"\d{9}", "9", hu_taj, 0.1, "taj", "999 999 999,999-999-999"),
    kind("HR_OIB", r"\d{11}", "11", iso_11_10, 0.1, "oib"),
)
