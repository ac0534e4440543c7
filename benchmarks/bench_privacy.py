"""Scanning for personal data: the same findings as Presidio's engine, measured in one process with it.

Three tables of customers, orders and notes: near-unique cells, the same ten times over, and five rows. Presidio's
engine analyses every cell that has a value; ours finds the same in the same cells (`vs_presidio_*`, from columns to
findings). `scan_*` is Presidio's time over that of a whole scan, which has our own recognizers and the columns' types
besides. `differences` counts cells whose findings are not Presidio's to the last digit of a score.
Where `ADP_BENCH_DATA` (default `../shared/data`) holds `pii/dev.parquet`, cells of it are compared too.
`ADP_BENCH_ROWS` are the rows of the generated table.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from agents.tools.privacy import scan_table
from agents.tools.privacy.cells import texts
from agents.tools.privacy.gates import findings
from agents.tools.privacy.recognizers import recognizers

ROWS = int(os.environ.get("ADP_BENCH_ROWS", "1500"))
REAL_ROWS = 100
FIRST = (
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Greta",
    "Henry",
    "Ida",
    "Jonas",
    "Karla",
    "Liam",
    "Mona",
    "Noah",
    "Olga",
    "Paul",
    "Rosa",
    "Sam",
    "Tina",
    "Uwe",
)
LAST = (
    "Adams",
    "Brown",
    "Clark",
    "Davis",
    "Evans",
    "Fisher",
    "Garcia",
    "Hill",
    "Ivanov",
    "Jones",
    "Keller",
    "Lopez",
    "Meyer",
    "Novak",
    "Olsen",
    "Perez",
    "Reed",
)
WORDS = (
    "order",
    "late",
    "parcel",
    "arrived",
    "damaged",
    "refund",
    "asked",
    "invoice",
    "please",
    "customer",
    "call",
    "again",
    "thanks",
    "size",
    "colour",
)


def table(rows: int, seed: int = 7) -> pa.Table:
    """Columns as customers' tables have them; nearly every cell differs."""
    dice = random.Random(seed)
    digits: Callable[[int], str] = lambda n: "".join(dice.choice("0123456789") for _ in range(n))  # noqa: E731

    def note() -> str:
        words = " ".join(dice.choice(WORDS) for _ in range(9))
        extra = dice.choice(
            ["", "", f" mail {digits(5)}@example.com", f" call 212-555-{digits(4)}", f" ref {digits(9)}"]
        )
        return f"{words} {digits(3)}{extra}."

    def row(number: int) -> dict[str, object]:
        first, last = dice.choice(FIRST), dice.choice(LAST)
        return {
            "order_id": f"ORD-{dice.randrange(10**9):09d}",
            "customer": f"{first} {last}-{dice.choice(LAST)} {dice.choice(LAST)}",
            "email": f"{first}.{last}{digits(4)}@{dice.choice(WORDS)}.example.com".lower(),
            "phone": f"+1 {dice.randrange(201, 990)} {dice.randrange(200, 999)} {digits(4)}",
            "ssn": f"{dice.randrange(1, 899):03d}-{dice.randrange(1, 99):02d}-{digits(4)}",
            "card": f"4{digits(15)}",
            "ip": ".".join(str(dice.randrange(1, 255)) for _ in range(4)),
            "city": f"{dice.choice(LAST)}{dice.choice(['ville', 'ton', 'burg'])} {digits(2)}",
            "product": f"{dice.choice(WORDS)} {dice.choice(WORDS)} {dice.choice(WORDS)} {digits(2)}",
            "amount": round(dice.uniform(1, 9999), 2),
            "created_at": f"20{dice.randrange(10, 25)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
            "note": note(),
            "hash": f"{dice.getrandbits(160):040x}",
        }

    return pa.Table.from_pylist([row(number) for number in range(rows)])


def engine() -> Any:
    """Presidio's engine as it works offline."""
    recognizers()  # keeps the e-mail recognizer off the network
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    return AnalyzerEngine(
        nlp_engine=NoOpNlpEngine(models=[{"lang_code": "en", "model_name": ""}]), supported_languages=["en"]
    )


def cells(data: pa.Table) -> list[str]:
    """Every cell that has a value, as text."""
    written = (texts(data[name].combine_chunks()) for name in data.schema.names)
    return [cell for column in written if column is not None for cell in column.to_pylist() if cell is not None]


def timed(work: Callable[[], Any]) -> float:
    """CPU seconds."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def find(data: pa.Table) -> None:
    """What Presidio finds, found by us: each distinct cell is looked at once."""
    findings(pa.array(dict.fromkeys(cells(data)), pa.large_string()))


def ratios(presidio: Any, data: pa.Table, times: int = 1) -> tuple[float, float]:
    """How many times Presidio's CPU time is ours for the same findings, and for a whole scan."""
    every = cells(data)
    theirs = min(timed(lambda: [presidio.analyze(cell, "en") for cell in every]) for _ in range(times))
    same = min(timed(lambda: find(data)) for _ in range(times))
    return theirs / same, theirs / min(timed(lambda: scan_table(data)) for _ in range(times))


def differences(presidio: Any, data: pa.Table) -> int:
    """Texts whose findings differ."""
    every = list(dict.fromkeys(cells(data)))
    found = findings(pa.array(every, pa.large_string()))
    wrong = 0
    for place, cell in enumerate(every):
        theirs = [(r.start, r.end, r.entity_type, r.score) for r in presidio.analyze(cell, "en")]
        wrong += theirs != [tuple(span) for span in found.get(place, [])]
    return wrong


def main() -> None:
    """Print the contract's figures."""
    real = Path(os.environ.get("ADP_BENCH_DATA", "../shared/data")) / "pii" / "dev.parquet"
    data = table(ROWS)
    presidio = engine()
    presidio.analyze("warm 212-555-0123", "en")
    scan_table(data.slice(0, 5))
    part = data.slice(0, max(5, ROWS // 5))
    tables = {"unique": data, "repeated": pa.concat_tables([part] * 10), "small": data.slice(0, 5)}
    for name, rows in tables.items():
        same, whole = ratios(presidio, rows, times=5 if name == "small" else 1)
        sys.stdout.write(f"vs_presidio_{name}={same:.1f}\nscan_{name}={whole:.1f}\n")
    wrong = differences(presidio, data)
    if real.is_file():
        wrong += differences(presidio, pq.read_table(real).slice(0, REAL_ROWS))
    else:
        sys.stderr.write(f"no {real}: differences are those of the generated table alone\n")
    sys.stdout.write(f"differences={wrong}\n")


if __name__ == "__main__":
    main()
