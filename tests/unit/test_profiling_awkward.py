"""Profiles of tables nobody expects: an answer, or an error that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from agents.core.errors import SourceError
from agents.tools.profiling import profile_table, write_rules
from assets.kinds.rules import RuleSet
from tests.unit.rule_writer_domains import NOW

LAST, FIRST = datetime(9999, 12, 31), datetime(1, 1, 1)


@pytest.mark.parametrize(
    "data",
    [
        pa.table({"t": ["a" * 10_000_000, "b" * 10_000_000, "x"]}),
        pa.table({"at": [LAST, FIRST, None] * 50, "z": [LAST.replace(tzinfo=UTC), None, None] * 50}),
        pa.table({"s": pa.array([900_000_000_000, -90_000_000_000, 0] * 50, pa.timestamp("s"))}),
        pa.table({"nan": [float("nan")] * 200, "endless": [float("inf")] * 200, "both": [float("-inf"), 1.0] * 100}),
        pa.table({f"c{i}": list(np.arange(120) * i) if i % 2 else ["x", "y", "z"] * 40 for i in range(120)}),
    ],
    ids=["huge cells", "ends of the calendar", "beyond python's years", "endless numbers", "wide"],
)
def test_rules_are_written_and_can_be_evaluated(data: pa.Table) -> None:
    profile = profile_table(data, now=NOW)
    assert list(profile.columns) == data.column_names
    results = RuleSet(write_rules(profile, now=NOW), data.schema).evaluate(data, now=NOW)
    assert [result.error for result in results] == [None] * len(results)


def test_text_that_is_not_utf8_and_names_that_stand_twice_are_refused_in_words() -> None:
    offsets = pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00")
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ab\xff\xfe")])
    with pytest.raises(SourceError, match="UTF-8"):
        profile_table(pa.table({"t": text}), now=NOW)
    with pytest.raises(SourceError, match="share a name"):
        profile_table(pa.table({"A": [1], "a": [2]}), now=NOW)
