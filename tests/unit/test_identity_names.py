"""Names that a reader could take for one are one; names of different people are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.errors import ConfigError
from resources.identity_names import alike, canonical, exact, valid_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna", "ANNA"),
        ("anna", " anna  "),
        ("anna berg", "anna\u00a0berg"),
        ("anna", "ａｎｎａ"),  # full width
        ("anna", "\u0430nna"),  # Cyrillic a
        ("anna", "\u0391nna"),  # Greek capital alpha
        ("anna", "an\u200bna"),  # zero width space
        ("anna", "\u202eanna\u2069"),  # direction marks
        ("anna", "a\u00adnna\ufeff"),  # soft hyphen, byte order mark
        ("anna", "anna\u3164"),  # Hangul filler
        ("anna", "anna\U000e0041"),  # tag character
        ("anna", "änna"),
        ("anna", "a\u0308nna"),
        ("anna", "𝐚𝓷𝔫𝚊"),  # mathematical letters
        ("anna", "ⓐⓝⓝⓐ"),
        ("anna", "ᴀɴɴᴀ"),  # small capitals
        ("alice", "aIice"),  # capital i for l
        ("alice", "a1ice"),
        ("alice", "al\u0131ce"),  # dotless i
        ("bob", "b0b"),
        ("bob", "b\u03bfb"),  # Greek omicron
        ("mike", "rnike"),
        ("mike", "\u039cike"),  # Greek capital mu
        ("sam", "ᏚᎪᎷ"),  # Cherokee
        ("anna@example.org", "anna@exаmple.org"),
        ("o'brien", "o’brien"),
        ("jean-luc", "jean\u2011luc"),
        ("straße", "STRASSE"),
        ("Анна", "анна"),
    ],
)
def test_spellings_and_look_alikes_are_one_name(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna", "hanna"),
        ("anna", "anna@example.org"),
        ("anna.berg", "annaberg"),
        ("Анна", "Инна"),
        ("a", "b"),
        ("李", "王"),
    ],
)
def test_different_names_stay_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("anna", "Anna@Example.org", True),
        ("anna+ops@example.org", "anna@example.org", True),
        ("CORP\\anna", "anna", True),
        ("anna@example.org", "anna@other.org", False),
        ("anna", "bert@example.org", False),
    ],
)
def test_a_mailbox_is_its_person(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same


@given(st.text(max_size=60))
def test_any_text_has_one_canonical_form(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    assert alike(text, text.upper()) or not text.isascii()


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200b", "a\nb", "a|b", "[x](y)", "a/b", "automation:x", "a" * 201, "\u3164"]
)
def test_names_that_cannot_be_shown_or_told_apart_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no name for a person"):
        valid_name(name, "name")


def test_another_systems_name_is_compared_as_it_is() -> None:
    assert exact(" Anna@Example.org ") == exact("anna@example.org")
    assert exact("\u0430nna") != exact("anna")
    assert exact("ａnna") != exact("anna")
