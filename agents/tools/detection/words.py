"""Words for nothing, and values that stand for nothing."""

from __future__ import annotations

WORDS = frozenset(
    (
        *("n/a", "na", "n.a.", "n.a", "#n/a", "n\\a", "<na>", "nan", "null", "<null>", "(null)", "\\n", "none", "nil"),
        *("missing", "unknown", "unk", "empty", "blank", "undefined", "undef", "void", "unavailable", "unspecified"),
        *("?", "??", "???", "-", "--", "---", ".", "..", "...", "*", "_", "tbd", "tba", "not available"),
        *("not applicable", "not specified", "not known", "no data", "no value"),
    )
)

PLACEHOLDERS = frozenset(
    (
        *("999", "9999", "99999", "999999", "9999999", "-1", "-99", "-999", "-9999", "111-11-1111", "1900-01-01"),
        *("01/01/1900", "1/1/1900", "1970-01-01", "9999-12-31", "0000-00-00", "00/00/0000", "12/31/9999", "31/12/9999"),
    )
)
"""What is written where something has to be: no other form of it is the right value."""
