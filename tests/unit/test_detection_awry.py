"""What a person sees at a glance in a dirty table is found too, and what only looks odd is left alone."""

from __future__ import annotations

from random import Random

import pyarrow as pa
import pytest

from agents.tools.detection import detect

ROWS = 400
Cells = dict[tuple[int, str], str | None]


def found(**table: list[str]) -> Cells:
    return {(cell.row, cell.column): cell.repair for cell in detect(pa.table(table))}


def drawn(values: tuple[str, ...], seed: int = 1) -> list[str]:
    rng = Random(seed)
    return [rng.choice(values) for _ in range(ROWS)]


def test_a_sign_taken_off_leaves_the_number_as_its_column_writes_it() -> None:
    prices = [f"{n % 90 + 10}.{n % 20 * 5:02d}" for n in range(ROWS)]
    prices[4], prices[5] = "€17.70", "EUR 2,100.00"
    assert found(price=prices) == {(4, "price"): "17.70", (5, "price"): "2100.00"}


@pytest.mark.parametrize("wrong", ["0225-03-04T08:15:00Z", "2125-03-04T08:15:00Z", "1825-03-04T08:15:00Z"])
def test_times_of_day_do_not_hide_a_year_that_cannot_be_meant(wrong: str) -> None:
    times = [f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}T{n % 24:02d}:15:00Z" for n in range(ROWS)]
    times[9] = wrong
    assert found(read_at=times) == {(9, "read_at"): None}


def test_a_time_in_another_form_is_rewritten_with_its_time_of_day() -> None:
    times = [f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:15" for n in range(ROWS)]
    times[9] = "24.12.2025 18:30"
    assert found(read_at=times) == {(9, "read_at"): "2025-12-24 18:30"}


def test_many_wrong_years_do_not_become_usual() -> None:
    days = [f"{2023 + n % 3}-{n % 11 + 1:02d}-{n % 28 + 1:02d}" for n in range(ROWS)]
    wrong = {(row, "day") for row in range(0, ROWS, 10)}
    for row, _ in wrong:
        days[row] = ("0225", "1825", "2099", "1900")[row // 10 % 4] + days[row][4:]
    assert set(found(day=days)) == wrong


def test_errors_that_repeat_by_chance_in_large_groups_are_still_errors() -> None:
    """Ten rows of nine hundred say the same wrong thing: an exception would be said by all of them."""
    rng = Random(5)
    names = {"GL": "mmol", "SO": "gram", "PT": "unit", "HG": "litre", "CR": "count", "AL": "mole"}
    codes = [rng.choice(list(names)) for _ in range(6000)]
    table = {
        "code": codes,
        "name": [f"test of {code.lower()}" for code in codes],
        "unit": [names[code] for code in codes],
    }
    wrong = {(row, "unit"): table["unit"][row] for row in rng.sample(range(6000), 300)}
    for row, _ in wrong:
        table["unit"][row] = rng.choice([unit for unit in names.values() if unit != table["unit"][row]])
    assert found(**table) == wrong


def test_a_word_for_nothing_that_names_something_is_a_value() -> None:
    codes = drawn(("NA", "K", "GLU", "CREA"))
    names = {"NA": "Sodium", "K": "Potassium", "GLU": "Glucose", "CREA": "Creatinine"}
    assert found(code=codes, name=[names[code] for code in codes]) == {}


def test_other_capitals_and_stray_signs_are_taken_back_to_the_usual_spelling() -> None:
    states = drawn(("paid", "open", "overdue"))
    right = {(row, "status"): states[row] for row in (3, 30, 60)}
    states[3], states[30], states[60] = states[3].upper(), f"{states[30]}*", f"'{states[60]}'"
    assert found(status=states) == right


def test_two_spellings_that_are_both_common_are_both_right() -> None:
    assert found(grade=drawn(("A", "A*", "B", "a"))) == {}


def test_values_cut_short_are_found() -> None:
    states = drawn(("Brandenburg", "Niedersachsen", "Hessen", "Saarland"))
    cut = [row for row, state in enumerate(states) if len(state) > 8][:4]
    right = {(row, "state"): states[row] for row in cut}
    for row in cut:
        states[row] = states[row][:7]
    assert found(state=states) == right


def test_whole_numbers_with_a_fraction_are_found_where_no_number_needs_one() -> None:
    counts = [str(n % 90 + 1) for n in range(ROWS)]
    counts[7] = "12.0"
    assert found(count=counts) == {(7, "count"): "12"}
    halves = [*counts[8:], "1.5", "2.5", "3.5", "3.0"]
    assert found(count=halves) == {}


def test_codes_for_nothing_among_answers_are_found_and_answers_that_may_be_negative_are_not() -> None:
    answers = drawn(("1", "2", "3", "4", "5"))
    answers[3] = answers[8] = "99"
    answers[5] = answers[9] = "-1"
    assert set(found(answer=answers)) == {(row, "answer") for row in (3, 5, 8, 9)}
    assert found(answer=drawn(("-2", "-1", "0", "1", "2"))) == {}


def test_cells_that_are_empty_together_belong_to_the_row() -> None:
    """A flight that was cancelled has no times; a time that was lost is lost alone."""
    rng = Random(2)
    left = [f"{rng.randrange(5, 23)}:{rng.randrange(60):02d}" for _ in range(ROWS)]
    landed = [f"{rng.randrange(5, 23)}:{rng.randrange(60):02d}" for _ in range(ROWS)]
    for row in range(0, ROWS, 20):
        left[row] = landed[row] = ""
    landed[33] = ""
    assert found(left=left, landed=landed) == {(33, "landed"): None}


def test_letters_inside_of_codes_are_no_words() -> None:
    rng = Random(4)
    tails = [f"N{rng.randrange(100, 1000)}{rng.choice(('AA', 'UA', 'JB'))}" for _ in range(ROWS)]
    tails[6:10] = ["N3CKAA", "N3BRAA", "N3DPAA", "N3EVAA"]
    assert not [cell for cell in detect(pa.table({"tail": tails})) if "word" in cell.reason]


def invoices() -> dict[str, list[str]]:
    rng = Random(6)
    count = [rng.randrange(2, 40) for _ in range(ROWS)]
    price = [rng.randrange(500, 20000) / 100 for _ in range(ROWS)]
    net = [round(c * p, 2) for c, p in zip(count, price, strict=True)]
    tax = [round(rng.choice((0.07, 0.19)) * n, 2) for n in net]
    return {
        "count": [str(c) for c in count],
        "price": [f"{p:.2f}" for p in price],
        "net": [f"{n:.2f}" for n in net],
        "tax": [f"{t:.2f}" for t in tax],
        "gross": [f"{n + t:.2f}" for n, t in zip(net, tax, strict=True)],
    }


def test_sums_and_products_that_do_not_come_out_are_found_and_the_wrong_number_is_named() -> None:
    """The net amount is confirmed by count and price, so it is the gross that is wrong; and so on."""
    table = invoices()
    right = {(row, name): table[name][row] for row, name in ((5, "gross"), (50, "net"), (90, "tax"), (120, "price"))}
    table["gross"][5] = f"-{table['gross'][5]}"
    table["net"][50] = f"{float(table['net'][50]) * 100:.2f}"
    table["tax"][90] = ""
    table["price"][120] = f"{float(table['price'][120]) / 10:.2f}"
    repairs = found(**table)
    assert set(repairs) == set(right)
    assert {place: repairs[place] for place in right if place[1] != "price"} == {
        place: text for place, text in right.items() if place[1] != "price"
    }


def test_a_sum_with_a_part_that_no_column_shows_contradicts_nothing() -> None:
    table = invoices()
    for row in range(0, ROWS, 3):
        table["gross"][row] = f"{float(table['gross'][row]) + 4.90:.2f}"
    assert found(**table) == {}


def test_a_number_that_is_usual_in_its_column_is_out_of_place_among_its_own_kind() -> None:
    rng = Random(8)
    middles = {"sodium": 140.0, "potassium": 4.2, "glucose": 52.0}
    tests = drawn(tuple(middles))
    values = [f"{middles[test] * rng.uniform(0.9, 1.1):.1f}" for test in tests]
    row = tests.index("potassium")
    values[row] = f"{float(values[row]) * 10:.1f}"
    assert found(test=tests, value=values) == {(row, "value"): None}


def test_a_unit_that_some_rows_are_in_is_found_by_what_the_numbers_add_up_to() -> None:
    rng = Random(9)
    net = [rng.randrange(5000, 20000) for _ in range(ROWS)]
    tare = [rng.choice((2300, 3750, 3900)) for _ in range(ROWS)]
    gross = [str(n + t) for n, t in zip(net, tare, strict=True)]
    right = {(row, "gross_kg"): gross[row] for row in range(0, ROWS, 25)}
    for row, _ in right:
        gross[row] = str(round(int(gross[row]) * 2.20462))
    assert found(net_kg=[str(n) for n in net], tare_kg=[str(t) for t in tare], gross_kg=gross) == right


def test_a_code_that_lost_its_zero_gets_it_back() -> None:
    codes = drawn(("04109", "01067", "80331", "50667"))
    row = codes.index("04109")
    codes[row] = "4109"
    assert found(zip=codes) == {(row, "zip"): "04109"}


def test_a_whole_number_with_separators_and_cents_goes_back_to_a_whole_number() -> None:
    numbers = [str(n * 13 + 20_000) for n in range(ROWS)]
    numbers[8] = "59,475.00"
    assert found(attendance=numbers) == {(8, "attendance"): "59475"}


def test_what_is_measured_may_be_below_zero_and_comes_from_no_list() -> None:
    rng = Random(10)
    dew = [f"{rng.gauss(6.0, 4.0):.1f}" for _ in range(ROWS)]
    assert sum(1 for value in dew if value.startswith("-")) in range(5, 60)
    assert [cell for cell in detect(pa.table({"dew": dew})) if "negative" in cell.reason] == []
    bulk = [f"{rng.randrange(100, 140) / 10:.1f}" for _ in range(4000)] + ["9.9", "14.1"]
    assert found(temperature=bulk) == {}


def test_a_value_that_some_kinds_often_lack_is_not_filled_in() -> None:
    kinds = drawn(("server", "disk", "tax", "support"))
    names = {"server": "vm", "disk": "volume", "tax": "fee", "support": "plan"}
    types = ["" if kind in ("tax", "support") and row % 3 else names[kind] for row, kind in enumerate(kinds)]
    assert found(kind=kinds, type=types) == {}


def test_a_wrong_rate_is_no_reason_to_rewrite_what_was_computed_with_the_right_one() -> None:
    rng = Random(11)
    used = [rng.randrange(200, 900) / 1000 for _ in range(ROWS)]
    rates = [rng.choice((0.31, 0.28, 0.24)) for _ in range(ROWS)]
    cost = [f"{u * rate:.2f}" for u, rate in zip(used, rates, strict=True)]
    written = [f"{rate:.2f}" for rate in rates]
    for row in range(0, ROWS, 20):
        written[row] = {"0.31": "0.28", "0.28": "0.24", "0.24": "0.31"}[written[row]]
    findings = detect(pa.table({"used": [f"{u:.3f}" for u in used], "rate": written, "cost": cost}))
    assert [cell for cell in findings.sure() if cell.column == "cost"] == []
