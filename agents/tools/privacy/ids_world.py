"""National ids beyond Europe, and American numbers."""

from __future__ import annotations

from agents.tools.privacy import cards
from agents.tools.privacy.checksums import ean, luhn, real_date, verhoeff, weighted, ymd
from agents.tools.privacy.ids import EUROPE, IdKind, always, kind, ssn


def jmbg(n: str) -> bool:
    """The number of the countries that were Yugoslavia: a day with three digits of its year, and a check modulo 11."""
    rest = 11 - weighted(n, (7, 6, 5, 4, 3, 2) * 2) % 11
    year = int(n[4:7])
    return real_date(year + (1000 if year > 800 else 2000), int(n[2:4]), int(n[:2])) and (
        0 if rest > 9 else rest
    ) == int(n[12])


def br_cpf(n: str) -> bool:
    if len(set(n)) == 1:
        return False
    first = weighted(n, range(10, 1, -1)) * 10 % 11 % 10
    return first == int(n[9]) and weighted(n, range(11, 1, -1)) * 10 % 11 % 10 == int(n[10])


def ca_sin(n: str) -> bool:
    return n[0] not in "08" and luhn(n)


def au_tfn(n: str) -> bool:
    return weighted(n, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and len(set(n)) > 1


def au_medicare(n: str) -> bool:
    return weighted(n, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(n[8])


def nz_ird(n: str) -> bool:
    full = n.zfill(9)
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        rest = -weighted(full, weights) % 11
        if rest != 10:
            return rest == int(full[8])
    return False


def za_id(n: str) -> bool:
    return ymd(n) and n[10] in "01" and luhn(n)


def kr_rrn(n: str) -> bool:
    return ymd(n) and n[6] in "12345678"


def jp_number(n: str) -> bool:
    rest = weighted(n[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(n[11])


def cn_id(n: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    dated = real_date(int(n[6:10]), int(n[10:12]), int(n[12:14]))
    return dated and "10X98765432"[weighted(n[:17], weights) % 11] == n[17]


def tw_id(n: str) -> bool:
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(n[0]) + 10
    return (letter // 10 + letter % 10 * 9 + weighted(n[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def sg_fin(n: str) -> bool:
    total = weighted(n[1:8], (2, 7, 6, 5, 4, 3, 2)) + (4 if n[0] in "TG" else 3 if n[0] == "M" else 0)
    if n[0] == "M":
        return "KLJNPQRTUWX"[10 - total % 11] == n[8]
    return ("JZIHGFEDCBA" if n[0] in "ST" else "XWUTRQPNMLK")[total % 11] == n[8]


def th_tnin(n: str) -> bool:
    return (11 - weighted(n[:12], range(13, 1, -1)) % 11) % 10 == int(n[12])


def tr_id(n: str) -> bool:
    odd, even = sum(map(int, n[0:9:2])), sum(map(int, n[1:8:2]))
    return (odd * 7 - even) % 10 == int(n[9]) and sum(map(int, n[:10])) % 10 == int(n[10])


def mx_curp(n: str) -> bool:
    letters = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    total = sum(letters.index(c) * (18 - place) for place, c in enumerate(n[:17]))
    return ymd(n[4:10]) and str((10 - total % 10) % 10) == n[17]


def mx_rfc(n: str) -> bool:
    return ymd(n[4:10])


def ar_cuit(n: str) -> bool:
    rest = 11 - weighted(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return {11: 0, 10: 9}.get(rest, rest) == int(n[10])


def cl_rut(n: str) -> bool:
    weights = [2 + place % 6 for place in range(len(n) - 1)]
    rest = 11 - weighted(n[:-1][::-1], weights) % 11
    return {11: "0", 10: "K"}.get(rest, str(rest)) == n[-1]


def my_nric(n: str) -> bool:
    return ymd(n) and int(n[6:8]) >= 1


def id_nik(n: str) -> bool:
    return real_date(int(n[10:12]), int(n[8:10]), int(n[6:8]) % 40) and n[12:] != "0000"


def ro_cnp(n: str) -> bool:
    rest = weighted(n, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return ymd(n[1:7]) and (1 if rest == 10 else rest) == int(n[12])


def us_npi(n: str) -> bool:
    return luhn("80840" + n)


def aba(n: str) -> bool:
    return weighted(n, (3, 7, 1) * 3) % 10 == 0 and n[:2] <= "32"


WORLD = (
    kind("IL_ID_NUMBER", r"\d{9}", "9", luhn, 0.1, "teudat,zehut,tz,israel"),
    kind("BR_CPF", r"\d{11}", "11", br_cpf, 0.01, "cpf,cadastro", "999.999.999-99"),
    kind("CA_SIN", r"\d{9}", "9", ca_sin, 0.08, "sin,social insurance,nas", "999 999 999,999-999-999"),
    kind("AU_TFN", r"\d{9}", "9", au_tfn, 0.09, "tfn,tax file"),
    kind("AU_MEDICARE", r"[2-6]\d{9}", "10", au_medicare, 0.1, "medicare", "9999 99999 9"),
    kind("NZ_IRD", r"\d{8,9}", "8-9", nz_ird, 0.09, "ird"),
    kind("ZA_ID_NUMBER", r"\d{13}", "13", za_id, 0.001, "rsa,south africa,identity number,id number"),
    kind("RS_JMBG", r"\d{13}", "13", jmbg, 0.003, "jmbg,emso"),
    kind("KR_RRN", r"\d{13}", "13", kr_rrn, 0.03, "rrn,resident registration,jumin", "999999-9999999"),
    kind("JP_MY_NUMBER", r"\d{12}", "12", jp_number, 0.1, "my number,mynumber,kojin"),
    kind("CN_ID", r"[1-9]\d{16}[0-9X]", "18", cn_id, 0.002, "shenfen,id card,resident"),
    kind("TW_ID", r"[A-Z][1289]\d{8}", "10", tw_id, 0.1, "national id"),
    kind("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", "9", sg_fin, 0.04, "nric,fin"),
    kind("TH_TNIN", r"[1-8]\d{12}", "13", th_tnin, 0.1, "thai,citizen", "9-9999-99999-99-9"),
    kind("TR_NATIONAL_ID", r"[1-9]\d{10}", "11", tr_id, 0.01, "tckn,kimlik,tc no"),
    kind("IN_AADHAAR", r"[2-9]\d{11}", "12", verhoeff, 0.1, "aadhaar,aadhar,uidai", "9999 9999 9999,9999-9999-9999"),
    kind("IN_PAN", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "10", always, 0.3, "pan,permanent account"),
    kind("MX_CURP", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d", "18", mx_curp, 0.01, "curp"),
    kind("MX_RFC", r"[A-Z]{4}\d{6}[0-9A-Z]{3}", "13", mx_rfc, 0.03, "rfc"),
    kind("AR_CUIT", r"(?:20|23|24|27|30|33)\d{9}", "11", ar_cuit, 0.09, "cuit,cuil", "99-99999999-9"),
    kind(
        "CL_RUT",
        r"\d{7,8}[0-9K]",
        "8-9",
        cl_rut,
        0.09,
        "rut,run",
        "99.999.999-9,99999999-9,9.999.999-9,99.999.999-A,99999999-A",
    ),
    kind("RO_CNP", r"[1-8]\d{12}", "13", ro_cnp, 0.003, "cnp"),
    kind("MY_NRIC", r"\d{12}", "12", my_nric, 0.03, "mykad,nric,kad", "999999-99-9999"),
    kind("ID_NIK", r"[1-9]\d{15}", "16", id_nik, 0.03, "nik,ktp"),
    kind(
        "US_ITIN", r"9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}", "9", always, 0.04, "itin,taxpayer", "999-99-9999"
    ),
    kind("US_SSN", r"\d{9}", "9", ssn, 0.88, "ssn,social security,taxpayer,soc sec", "999-99-9999,999 99 9999"),
    kind("US_NPI", r"[12]\d{9}", "10", us_npi, 0.1, "npi,provider"),
    kind("ABA_ROUTING_NUMBER", r"\d{9}", "9", aba, 0.05, "routing,aba"),
    kind(
        "CREDIT_CARD",
        cards.FORM,
        "12-19",
        luhn,
        0.1,
        "card,credit,pan,cc,visa,mastercard,amex",
        "9999 9999 9999 9999,9999-9999-9999-9999",
    ),
)

KINDS: tuple[IdKind, ...] = (*EUROPE, *WORLD)

# Goods and books: numbers with a check digit that belong to nobody.
GOODS = kind("GTIN", r"(?:\d{8}|\d{12,14})", "8-14", ean, 0.1, "ean,gtin,upc,isbn,barcode")
