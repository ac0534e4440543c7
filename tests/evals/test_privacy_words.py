"""Column names and values in languages and scripts that few rules know, and what only looks like them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
import pytest

from agents.tools.privacy import scan_table
from agents.tools.privacy.ids_world import KINDS

ROWS = 60
_DICE = random.Random(9)


def _drawn(*parts: str) -> list[str]:
    """Values of one word of each part."""
    return [" ".join(_DICE.choice(part.split()) for part in parts) for _ in range(ROWS)]


def _days(form: str, first: int, years: int) -> list[str]:
    return [f"{date(first, 1, 1) + timedelta(_DICE.randrange(365 * years)):{form}}" for _ in range(ROWS)]


def _numbered(form: str, words: list[str]) -> list[str]:
    """Words in a form with a number of two and one of five digits."""
    return [form.format(word=w, few=_DICE.randrange(10, 99), many=_DICE.randrange(10**4, 10**5)) for w in words]


def _found(name: str, values: Sequence[object]) -> str | None:
    column = scan_table(pa.table({name: values})).columns[name]
    return column.type if column.pii else None


PERSONAL: list[tuple[str, str, Sequence[object]]] = [
    ("Nachn", "PERSON", _drawn("Quast Wöhrle Zirbel Dröge Kolkmann Pfennig Rübsam Tacke")),
    ("gvari", "PERSON", _drawn("ნინო გიორგი ლევან", "ბერიძე კაპანაძე მაისურაძე ლომიძე")),
    ("x_4", "PERSON", _drawn("Γιώργος Ελένη Νίκος Μαρία", "Βασιλόπουλος Σταματάκης Παυλίδης Αντωνιάδης")),
    ("x_5", "PERSON", _drawn("Риналь Ярослав Ольга Тарас", "Коваленко Шевчук Мельник Ткачук Бондаренко")),
    ("x_6", "PERSON", _drawn("Xanthe Quirin Ludo Merel Guus", "van", "den", "Zandhoven Wijkstra Quaak")),
    ("nama_grahak", "PERSON", _drawn("अमित प्रिया संजय", "शर्मा वर्मा पाटिल जोशी")),
    ("telnr_werk", "PHONE_NUMBER", [f"0{_DICE.randrange(10**8, 10**9)}" for _ in range(ROWS)]),
    ("szul_datum", "DATE_OF_BIRTH", _days("%Y.%m.%d.", 1945, 55)),
    ("x_7", "DATE_OF_BIRTH", _days("%d. %m. %Y", 1940, 60)),
    ("woonadr", "LOCATION", _numbered("{word} {few}, {many}", _drawn("Zeedijk Oudezijds"))),
    ("jumin_no", "KR_RRN", _numbered("{word}-1{many}7", _drawn("870412 790930 910101 650228 830615 001231"))),
    (
        "x_8",
        "PERSON",
        [f"{w.upper()} MR".replace(" ", "/", 1) for w in _drawn("Ito Garcia Berg", "Peter Maria Anna")],
    ),
    (
        "party",
        "PERSON",
        [*_drawn("Anna Peter Maria John", "Garcia Schmidt Nowak Smith"), *(f"Vexford {n} Ltd" for n in range(20))],
    ),
    ("x_12", "CREDIT_CARD", [*(f"tok_{4 * 10**11 + n}" for n in range(300)), "4111111111111111", "5500005555555559"]),
    ("caller_name", "PERSON", _drawn("Anna Peter Maria", "Brimston Vexford Aldermouth")),
    ("联系手机号", "PHONE_NUMBER", [13_800_000_000 + _DICE.randrange(10**8) for _ in range(ROWS)]),
    ("b_leg", "PHONE_NUMBER", [493_000_000_000 + _DICE.randrange(20_000_000, 90_000_000) for _ in range(ROWS)]),
    ("x_9", "LOCATION", [f"{w} Lý Thái Tổ, Quận {1 + n % 9}, TP. HCM" for n, w in enumerate(_drawn("12 7 204"))]),
    ("x_10", "PHONE_NUMBER", ["VGML", "WCHR"] * 20 + [f"CTC +49 30 {9_000_000 + n}" for n in range(20)]),
    ("code", "PHONE_NUMBER", ["+45 31415926", "+45 27182818", *(f"C{n:05d}" for n in range(ROWS))]),
]
HARMLESS: list[tuple[str, Sequence[object]]] = [
    ("razao_soc", _drawn("Silva Souza Moura Campos Peixoto Bezerra Viana")),
    ("direction", _drawn("north south east west")),
    ("prod_nm", _drawn("Anna Oskar Frida Ivar", "Chair Lamp Shelf Table")),
    ("residual", [f"{_DICE.gauss(0, 1):.4f}" for _ in range(ROWS)]),
    ("cognition", _drawn("low medium high")),
    ("delivered", _days("%Y.%m.%d.", 2018, 7)),
    ("address", [f"/srv/store/{_DICE.randrange(9999)}" for _ in range(ROWS)]),
    ("vessel_tag", _drawn("Maria Lady Santa Northern Ever", "Star Rosa Grace Dawn")),
    ("bodyshop", _drawn("Sharma Khan Smith Garcia", "Motors Garage Autoworks Pharmacy")),
    ("x_11", _days("%m/%d/%Y", 1962, date.today().year - 1962)),
    ("parcel_code", [773_000_000_000_000 + _DICE.randrange(10**11) for _ in range(ROWS)]),
    ("remark_cn", ["请放前台", "易碎品", "周末派送"] * (ROWS // 3)),
    (
        "lot_mark",
        [f"{_DICE.randrange(700, 1000)}-{_DICE.randrange(100):02d}-{_DICE.randrange(10**4):04d}" for _ in range(400)],
    ),
    ("termin", _days("%d.%m.%Y", 2022, 4)),
    ("hint", [f"Gateway 203.0.113.7 was restarted on its own {n} times this week" for n in range(ROWS)]),
    ("river", _drawn("Danube Elbe Rhine Loire Ebro Tisza Sava")),
]


@pytest.mark.parametrize(("name", "kind", "values"), PERSONAL, ids=[row[0] for row in PERSONAL])
def test_personal_columns_of_many_languages_are_typed(name: str, kind: str, values: Sequence[object]) -> None:
    assert _found(name, values) == kind


@pytest.mark.parametrize(("name", "values"), HARMLESS, ids=[row[0] for row in HARMLESS])
def test_what_only_looks_personal_stays_untouched(name: str, values: Sequence[object]) -> None:
    assert _found(name, values) is None


@pytest.mark.parametrize(
    "amounts",
    [
        [0.0 if n % 3 else round(83_807.86 + 1_117.31 * n, 2) for n in range(ROWS)],
        [0.0 if n % 50 else 19_949_200.0 + 7_919_317 * n for n in range(10 * ROWS)],
    ],
    ids=["with fractions", "mostly nought"],
)
def test_amounts_are_no_ids(amounts: list[float]) -> None:
    assert not scan_table(pa.table({"balance": amounts})).columns["balance"].pii


def test_a_number_with_its_check_is_told_from_one_without() -> None:
    jmbg = next(kind for kind in KINDS if kind.type == "RS_JMBG")
    assert jmbg.fits("0101006500006")
    assert not jmbg.fits("0101006500007")
    assert not jmbg.fits("3113006500006")
