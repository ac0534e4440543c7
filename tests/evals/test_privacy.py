"""How well the scanner tells columns of tables it was not written for.

`privacy_world` was written before the scanner had seen any of it: typed F1 0.945 and binary precision 1.0 at first try.
Then its misses were looked at, so that it is a regression test now and no longer a measure. Run with -s to see them.
"""

from __future__ import annotations

import pytest

from agents.tools.privacy import scan_table
from tests.evals.privacy_world import world

TYPED_F1, BINARY_PRECISION = 0.95, 0.97


@pytest.mark.parametrize(("rows", "seed"), [(500, 3), (400, 11)])
def test_columns_are_typed(rows: int, seed: int) -> None:
    table, right = world(rows, seed)
    found = scan_table(table).columns
    typed = sum(found[name].pii and found[name].type in types for name, types in right.items())
    flagged = [name for name in right if found[name].pii]
    wrong = [(n, set(right[n]), found[n].type) for n in right if found[n].type not in (right[n] or {""})]
    print(wrong)  # noqa: T201
    personal = sum(bool(types) for types in right.values())
    assert 2 * typed / (len(flagged) + personal) >= TYPED_F1, wrong
    assert sum(bool(right[name]) for name in flagged) / len(flagged) >= BINARY_PRECISION, wrong
