"""How fast a column is masked, against keyed BLAKE2b called once a value, and that the time grows with the rows alone.

`python -m benchmarks.bench_masking` prints `mask_rows_per_s` (hash, near-unique e-mail addresses of 24 to 35 letters,
one core), `mask_growth` (time a row of 5,000,000 rows over that of 500,000), `vs_blake2b`, and rows a second of hash
over ids, of a column with a thousand distinct values, and of the other methods.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from assets.kinds.masking import masker
from assets.kinds.spec import Mask
from resources.masking_keys import MaskingKeys, with_new_version
from resources.secrets import LocalSecrets

pc: Any = pyarrow.compute
ROWS, FEW, BATCH = 5_000_000, 500_000, 65_536
TRIES = 3


def emails(rows: int, distinct: int = 0) -> list[pa.Array]:
    """Batches of addresses; `distinct` different ones, or all of them different."""
    made: list[pa.Array] = []
    for first in range(0, rows, BATCH):
        numbers = pa.array(range(first, min(first + BATCH, rows)), pa.int64())
        if distinct:
            numbers = pc.subtract(numbers, pc.multiply(pc.divide(numbers, distinct), distinct))
        names = pc.multiply(numbers, 7_919).cast(pa.string())
        made.append(pc.binary_join_element_wise("customer.", names, "@example.com", ""))
    return made


def ids(rows: int) -> list[pa.Array]:
    """Batches of whole numbers."""
    return [pa.array(range(first, min(first + BATCH, rows)), pa.int64()) for first in range(0, rows, BATCH)]


def per_row(work: Callable[[pa.Array], object], batches: list[pa.Array]) -> float:
    """Seconds of this process for a row, the best of three tries: others may use the machine too."""
    return min(_tries(work, batches)) / sum(map(len, batches))


def _tries(work: Callable[[pa.Array], object], batches: list[pa.Array]) -> Iterator[float]:
    for _ in range(TRIES):
        started = time.process_time()
        for batch in batches:
            work(batch)
        yield time.process_time() - started


def blake2b(batch: pa.Array) -> pa.Array:
    """The peer: the standard library's keyed hash, value by value."""
    key = os.urandom(32)
    return pa.array(
        [hashlib.blake2b(value.encode(), key=key, digest_size=16).hexdigest() for value in batch.to_pylist()]
    )


def main() -> None:
    """Measure and print."""
    secret = with_new_version(None, "MASKING_KEY")
    keys = MaskingKeys(LocalSecrets({"MASKING_KEY": secret}, Path("no-such-folder")))
    work = masker(Mask("hash"), keys)
    many, few = emails(ROWS), emails(FEW)
    each = per_row(work, many)
    print(f"mask_rows_per_s={1 / each:.0f}")  # noqa: T201
    print(f"mask_growth={each / per_row(work, few):.2f}")  # noqa: T201
    print(f"vs_blake2b={per_row(blake2b, few[:2]) / each:.1f}")  # noqa: T201
    print(f"hash_ids_per_s={1 / per_row(work, ids(FEW)):.0f}")  # noqa: T201
    print(f"hash_repeated_per_s={1 / per_row(work, emails(FEW, 1_000)):.0f}")  # noqa: T201
    others = (Mask("partial", last=4), Mask("tokenise"), Mask("generalise", granularity=3), Mask("redact"))
    for mask in others:
        print(f"{mask.method}_per_s={1 / per_row(masker(mask, keys), few):.0f}")  # noqa: T201
    phones = [pc.utf8_lpad(batch.cast(pa.string()), width=10, padding="0") for batch in ids(FEW)]
    print(f"format_per_s={1 / per_row(masker(Mask('format'), keys), phones):.0f}")  # noqa: T201


if __name__ == "__main__":
    main()
