"""Wrong cells are found without labels or rules, explained, and repaired where that is sure."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from agents.core.errors import SchemaMismatch
from agents.tools.detection import Findings, detect, look, repaired
from benchmarks.cells.tables import KINDS

ROWS = 300


def found(table: dict[str, Sequence[object]]) -> dict[tuple[int, str], str | None]:
    return {(cell.row, cell.column): cell.repair for cell in detect(pa.table(dict(table)))}


def places() -> dict[str, list[str]]:
    """Rows of twelve places: the code says city and state, the number tells nothing."""
    rng = Random(3)
    cities = [(f"{10400 + 731 * n}", name, "NRT" if n % 2 else "SUD") for n, name in enumerate(CITIES)]
    rows = [rng.choice(cities) for _ in range(ROWS)]
    return {
        "no": [str(n) for n in range(ROWS)],
        "code": [row[0] for row in rows],
        "city": [row[1] for row in rows],
        "region": [row[2] for row in rows],
    }


CITIES = ("Altwick", "Brunmar", "Cordale", "Dunhove", "Elmstad", "Farlow", "Gosport", "Hexley", "Ingmar", "Jorvik")


def test_a_value_that_its_row_contradicts_is_found_and_repaired() -> None:
    table = places()
    right, wrong = (
        table["city"][40],
        next(c for c, r in zip(table["city"], table["region"], strict=True) if r != table["region"][40]),
    )
    table["city"][40] = wrong
    assert found(table) == {(40, "city"): right}


def test_a_slip_in_a_known_value_is_found_and_repaired() -> None:
    table = places()
    right = table["city"][7]
    table["city"][7] = right[:2] + "x" + right[3:]
    (cell,) = detect(pa.table(table))
    assert (cell.row, cell.column, cell.repair) == (7, "city", right)
    assert cell.confidence > 0.9


def test_a_missing_value_is_filled_from_rows_that_agree() -> None:
    table = places()
    right = table["region"][11]
    table["region"][11] = ""
    assert found(table) == {(11, "region"): right}


def test_units_that_only_some_numbers_have_are_taken_off() -> None:
    numbers = [f"{n % 37 + 1}.5" for n in range(ROWS)]
    numbers[5], numbers[6] = "12.5 kg", "7.5%"
    assert found({"weight": numbers}) == {(5, "weight"): "12.5", (6, "weight"): "7.5"}


def test_a_unit_written_in_many_ways_leaves_the_number_as_the_only_common_form() -> None:
    ways = (" oz", " oz.", " OZ", " ounce")
    cells = [f"{n % 5 + 8}.0{ways[n % 4]}" for n in range(ROWS)]
    assert found({"size": cells}) == {(n, "size"): f"{n % 5 + 8}" for n in range(ROWS)}


def test_a_unit_that_all_write_alike_is_no_finding() -> None:
    assert found({"size": [f"{n % 40 + 8} oz" for n in range(ROWS)]}) == {}


def test_dates_in_another_form_are_rewritten_and_impossible_ones_flagged() -> None:
    days = [f"2023-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(ROWS)]
    days[3], days[4], days[5] = "25/12/2023", "2023-02-30", "1023-05-05"
    assert found({"day": days}) == {(3, "day"): "2023-12-25", (4, "day"): None, (5, "day"): None}


def test_durations_thousands_and_separators_follow_their_column() -> None:
    durations = [f"{80 + n % 60} min" for n in range(ROWS)]
    votes = [str(1000 + 17 * n) for n in range(ROWS)]
    codes = [f"{1000 + n}-{9000 - 7 * n:04d}" for n in range(ROWS)]
    durations[2], votes[3], codes[4] = "1 hr. 39 min.", "4,321", "12345678"
    assert found({"length": durations, "votes": votes, "issn": codes}) == {
        (2, "length"): "99 min",
        (3, "votes"): "4321",
        (4, "issn"): "1234-5678",
    }


def test_text_read_in_the_wrong_encoding_is_read_again() -> None:
    names = [f"{'José' if n % 9 else 'Zoë'} {CITIES[n % 10]}" for n in range(ROWS)]
    names[8] = names[8].encode().decode("cp1252")
    assert found({"name": names}) == {(8, "name"): f"José {CITIES[8]}"}


def test_numbers_far_from_all_others_are_found_whatever_their_scale() -> None:
    rng = Random(1)
    plain = [f"{rng.gauss(50, 4):.1f}" for _ in range(ROWS)]
    spread = [str(int(rng.lognormvariate(6, 1))) for _ in range(ROWS)]
    plain[9], spread[10], plain[20] = "5120.0", "99999999", "-51.2"
    assert set(found({"plain": plain, "spread": spread})) == {(9, "plain"), (10, "spread"), (20, "plain")}


def test_cells_in_each_others_place_are_put_back() -> None:
    rng = Random(2)
    table = {"kind": [rng.choice(("bolt", "screw", "washer")) for _ in range(ROWS)]}
    table["colour"] = [rng.choice(("red", "green", "blue")) for _ in range(ROWS)]
    kind, colour = table["kind"][13], table["colour"][13]
    table["kind"][13], table["colour"][13] = colour, kind
    assert found(table) == {(13, "kind"): kind, (13, "colour"): colour}


def test_a_value_that_swallowed_its_neighbour_is_split() -> None:
    table = places()
    city, region = table["city"][21], table["region"][21]
    table["city"][21], table["region"][21] = f"{city} {region}", ""
    assert found(table) == {(21, "city"): city, (21, "region"): region}


def test_words_for_nothing_are_found_only_where_they_are_not_the_convention() -> None:
    always = {name: ["n/a" if n % 3 == 0 else f"{n % 7}" for n in range(ROWS)] for name in ("a", "b", "c")}
    assert found(always) == {}
    mixed = {"a": ["" if n % 3 == 0 else f"{n % 7}" for n in range(ROWS)]}
    mixed["a"][1], mixed["a"][2] = "unknown", "N/A"
    assert found(mixed) == {(1, "a"): "", (2, "a"): ""}


def test_cells_that_are_empty_because_of_what_the_row_is_are_not_filled() -> None:
    table = places()
    table["sort"] = ["mail" if n % 4 else "shop" for n in range(ROWS)]
    table["region"] = [
        region if sort == "mail" else "" for region, sort in zip(table["region"], table["sort"], strict=True)
    ]
    assert found(table) == {}


def test_a_key_that_stands_twice_is_found() -> None:
    keys = [f"K{n:05d}" for n in range(ROWS)]
    keys[50] = keys[20]
    assert found({"key": keys, "x": [str(n * n % 91) for n in range(ROWS)]}) == {(50, "key"): None}


def test_sources_that_disagree_are_outvoted() -> None:
    rng = Random(4)
    sources, rows = [f"s{n}" for n in range(8)], [(s, f"F{t:02d}") for t in range(30) for s in range(8)]
    truth = {
        f"F{t:02d}": (f"{rng.randint(1, 12)}:{rng.randint(10, 59)}", f"{rng.randint(1, 12)}:{rng.randint(10, 59)}")
        for t in range(30)
    }
    table = {
        "source": [sources[s] for s, _ in rows],
        "flight": [flight for _, flight in rows],
        "leaves": [truth[flight][0] for _, flight in rows],
        "lands": [truth[flight][1] for _, flight in rows],
    }
    wrong = {(row, name) for row in range(0, 240, 3) for name in ("leaves", "lands") if rng.random() < 0.5}
    for row, name in wrong:
        table[name][row] = rng.choice(("", f"{rng.randint(1, 12)}:00"))
    repairs = found(table)
    assert set(repairs) == wrong
    assert all(repair == truth[table["flight"][row]][name == "lands"] for (row, name), repair in repairs.items())


def test_exceptions_that_a_third_column_explains_are_no_errors() -> None:
    table = places()
    table["branch"] = ["abroad" if n % 25 == 0 else "home" for n in range(ROWS)]
    table["region"] = ["EXT" if b == "abroad" else r for b, r in zip(table["branch"], table["region"], strict=True)]
    assert found(table) == {}


@pytest.mark.parametrize("kind", list(KINDS))
def test_clean_tables_give_next_to_no_findings(kind: str) -> None:
    clean = KINDS[kind](Random(77), 600)
    assert len(detect(pa.table(clean))) <= 0.0005 * 600 * len(clean)


def test_the_same_table_gives_the_same_findings_and_reasons_hold_no_values() -> None:
    table = places()
    table["city"][40], table["code"][41], table["region"][42] = "Jorvikk", "1x400", "nowhere"
    once, again = detect(pa.table(table)), detect(pa.table(table))
    assert once == again
    assert len(once) == 3
    assert not any(value in cell.reason for cell in once for value in (*CITIES, "Jorvikk", "1x400", "nowhere"))


def test_only_sure_repairs_are_made_and_everything_else_stays() -> None:
    table = pa.table({**places(), "size": [n % 9 for n in range(ROWS)]})
    dirty = places()
    dirty["city"][7], dirty["region"][8] = dirty["city"][7][:2] + "x" + dirty["city"][7][3:], ""
    given = table.set_column(2, "city", pa.array(dirty["city"])).set_column(3, "region", pa.array(dirty["region"]))
    findings = detect(given)
    assert len(findings.sure()) == 2
    assert repaired(given, findings).equals(table)
    assert repaired(given, findings, at_least=1.1).equals(given)


def test_repairs_keep_the_types_of_the_table() -> None:
    values = [float(n % 50 + 10) for n in range(ROWS)]
    values[7] = -24.0
    table = pa.table({"amount": values})
    better = repaired(table, detect(table), at_least=0.5)
    assert better.schema == table.schema
    assert better.column("amount")[7].as_py() == 24.0


def test_findings_of_another_table_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match="of another table"):
        repaired(pa.table({"a": ["x"]}), Findings(2, ("a",)))


def test_what_is_shown_of_a_look_is_masked_and_says_its_error() -> None:
    rng = Random(9)
    mails = [f"{rng.choice(CITIES).lower()}{rng.randint(100, 999)}@firm.example" for _ in range(ROWS)]
    mails[0] = "no mail here 4711"
    dataset = pads.dataset(pa.table({"mail": mails}))
    told = look(dataset, ROWS).to_json()
    assert told["columns"]["mail"]["examples"][0]["value"] == "aa aaaa aaaa 9999"
    assert (told["rows"], told["looked_at"], told["share_error"]) == (ROWS, ROWS, 0)
    sampled = look(dataset, ROWS, most_cells=100)
    assert sampled.seen.num_rows == 100
    assert 0.09 < sampled.error < 0.1
    assert sampled.step == 3
