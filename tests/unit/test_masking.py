"""The masking methods: published vectors, the same bytes as the library, and every type of column."""

from __future__ import annotations

import base64
import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from agents.core.errors import ConfigError, StateError
from assets.kinds.masking import masker, opened
from assets.kinds.masking.cmac import Cmac
from assets.kinds.masking.defaults import default_mask
from assets.kinds.masking.ff1 import Ff1
from assets.kinds.masking.packed import packed
from assets.kinds.masking.siv import Siv
from assets.kinds.spec import Mask
from resources.masking_keys import MaskingKeys, with_new_version
from resources.secrets import LocalSecrets

NOWHERE = Path("no-such-folder")
KEY = with_new_version(None, "MASKING_KEY")
LONGER = with_new_version(KEY, "MASKING_KEY")
# NIST SP 800-38G, FF1 samples 1 to 9: key, tweak, radix, plain, cipher.
NIST_KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
TWEAK, TWEAK36, DIGITS = "39383736353433323130", "3737373770717273373737", "0123456789abcdefghijklmnopqrstuvwxyz"
FF1 = [
    (16, "", 10, "0123456789", "2433477484"),
    (16, TWEAK, 10, "0123456789", "6124200773"),
    (16, TWEAK36, 36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (24, "", 10, "0123456789", "2830668132"),
    (24, TWEAK, 10, "0123456789", "2496655549"),
    (24, TWEAK36, 36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (32, "", 10, "0123456789", "6657667009"),
    (32, TWEAK, 10, "0123456789", "1001623463"),
    (32, TWEAK36, 36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]
# RFC 4493, section 4: the key, and tags of 0, 16, 40 and 64 bytes of the message.
RFC_MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
RFC_TAGS = {
    0: "bb1d6929e95937287fa37d129b756746",
    16: "070a16b46b4d4144f79bdd9dd04a287c",
    40: "dfa66747de9ae63030ca32611497c827",
    64: "51f0bebf7e3b9d92fc49741779363cfe",
}
COLUMNS = [
    pa.array(["ann@x.org", "", None, "Müller 12-3", "日本"]),
    pa.array([7, None, -70]),
    pa.array([7.0, 7.5, None, float("nan"), float("-inf")]),
    pa.array([Decimal("7.00"), None], pa.decimal128(8, 2)),
    pa.array([dt.date(1984, 5, 6), None]),
    pa.array([dt.datetime(1984, 5, 6, 1, 2, 3), None], pa.timestamp("us", tz="UTC")),
    pa.array([True, None]),
    pa.array([b"\xff\x00", None]),
    pa.nulls(2),
    pa.array([["a@x", None], None, []]),
    pa.array([[1], None, [2, 3]]).slice(1),
    pa.array([{"a": "x", "b": [1]}, None, {"a": None, "b": None}]).slice(1),
    pa.array([[("k", "v")], None, []], pa.map_(pa.string(), pa.string())),
    pa.array([[1, 2], None], pa.list_(pa.int32(), 2)),
    pa.array(["a", "b", "a", None]).dictionary_encode(),
    pa.array([], pa.string()),
]
MASKS = [
    Mask("redact"),
    Mask("partial", first=1, last=1),
    Mask("hash"),
    Mask("tokenise"),
    Mask("format"),
    Mask("generalise", granularity="decade"),
    Mask("generalise", granularity="month"),
    Mask("generalise", granularity=3.0),
    Mask("keep"),
]


def keys(text: str = KEY, name: str = "MASKING_KEY") -> MaskingKeys:
    return MaskingKeys(LocalSecrets({name: text}, NOWHERE))


def masked(values: Any, mask: Mask, of: MaskingKeys | None = None, kind: pa.DataType | None = None) -> list[Any]:
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    return masker(mask, of or keys())(array).to_pylist()


@pytest.mark.parametrize(("size", "tweak", "radix", "plain", "cipher"), FF1)
def test_ff1_gives_the_published_samples(size: int, tweak: str, radix: int, plain: str, cipher: str) -> None:
    digits = np.array([[DIGITS.index(char) for char in plain]], np.uint64)
    made = Ff1(bytes.fromhex(NIST_KEY)[:size]).many(radix, digits, bytes.fromhex(tweak))
    assert "".join(DIGITS[int(digit)] for digit in made[0]) == cipher


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_numerals_are_permuted(length: int) -> None:
    every = np.stack(np.meshgrid(*[np.arange(10)] * length), -1).reshape(-1, length).astype(np.uint64)
    made = Ff1(bytes(16)).many(10, every)
    assert len(np.unique(made, axis=0)) == 10**length


@pytest.mark.parametrize("length", [13, 18, 19, 40])
def test_long_numerals_stay_numerals_and_differ(length: int) -> None:
    digits = np.random.default_rng(0).integers(0, 26, (50, length)).astype(np.uint64)
    made = Ff1(bytes(16)).many(26, digits)
    assert made.max() < 26
    assert len(np.unique(made, axis=0)) == 50


@pytest.mark.parametrize("length", RFC_TAGS)
def test_cmac_gives_the_published_tags(length: int) -> None:
    mac = Cmac(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    assert mac.tags(packed(pa.array([RFC_MESSAGE[:length]])))[0].tobytes().hex() == RFC_TAGS[length]


def test_tags_and_tokens_are_those_of_the_library() -> None:
    dice = random.Random(1)
    sizes = [0, 1, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49, 100, 1023, 1024, 1025, 5000]
    values = [dice.randbytes(dice.choice(sizes)) for _ in range(500)] + [None, b"", None]
    array = pa.array(values, pa.binary()).slice(7)
    mac_key, siv_key = dice.randbytes(32), dice.randbytes(64)
    tags, siv = Cmac(mac_key).tags(packed(array)), Siv(siv_key)
    for value, tag, token in zip(array.to_pylist(), tags, siv.seal(array).to_pylist(), strict=True):
        one = CMAC(algorithms.AES(mac_key))
        one.update(value or b"")
        assert one.finalize() == tag.tobytes()
        if value is None:
            assert token is None
            continue
        if value:
            sealed = AESSIV(siv_key).encrypt(value, None)
            assert base64.urlsafe_b64encode(sealed).decode().rstrip("=") == token
        assert siv.open(token) == value


@pytest.mark.parametrize("mask", MASKS, ids=lambda mask: f"{mask.method}-{mask.granularity}")
def test_every_method_takes_every_type(mask: Mask) -> None:
    work = masker(mask, keys())
    for column in COLUMNS:
        made = work(column)
        made.validate(full=True)
        assert len(made) == len(column)
        assert work(pa.nulls(0, column.type)).type == made.type, "the type is known before the rows"
        nulls = column.is_null().to_pylist()
        assert all(value is None for value, null in zip(made.to_pylist(), nulls, strict=True) if null)


def test_one_value_has_one_pseudonym_whatever_its_type() -> None:
    made = {
        *masked(["7"], Mask("hash")),
        *masked([7], Mask("hash")),
        *masked([7.0], Mask("hash")),
        *masked([Decimal("7.00")], Mask("hash"), kind=pa.decimal128(9, 2)),
        *masked(pa.array(["7"]).dictionary_encode(), Mask("hash")),
        *masked([["7"]], Mask("hash"))[0],
    }
    assert len(made) == 1
    day = dt.date(2024, 2, 29)
    assert masked([day], Mask("hash")) == masked(["2024-02-29"], Mask("hash"))
    moment = dt.datetime(2024, 2, 29, 1, 2, 3)
    units = [masked([moment], Mask("hash"), kind=pa.timestamp(unit)) for unit in ("s", "ms", "us")]
    assert units == [masked(["2024-02-29 01:02:03"], Mask("hash"))] * 3


def test_a_pseudonym_depends_on_the_key_and_its_version() -> None:
    former, renewed = masked(["a"], Mask("hash"), keys(KEY)), masked(["a"], Mask("hash"), keys(LONGER))
    assert former != renewed
    assert former != masked(["a"], Mask("hash"), keys(with_new_version(None, "x")))
    assert masked(["a"], Mask("hash", key="OTHER"), keys(KEY, "OTHER")) == former
    assert masked([""], Mask("hash")) != masked(["a"], Mask("hash"))


def test_a_token_opens_with_its_key_also_after_a_rotation() -> None:
    values = ["ann@x.org", "", "Müller", "日本" * 30]
    tokens = masked(values, Mask("tokenise"), keys(KEY))
    assert [opened(token, keys(LONGER)).decode() for token in tokens] == values
    assert masked(["ann@x.org"], Mask("tokenise"), keys(LONGER))[0].startswith("t2.")
    with pytest.raises(StateError, match="not made with this key") as told:
        opened(tokens[0], keys(with_new_version(None, "x")))
    assert "ann" not in str(told.value)
    with pytest.raises(ConfigError, match="no version 2"):
        opened(masked(["a"], Mask("tokenise"), keys(LONGER))[0], keys(KEY))
    for forged in ("t1.AAAA", "t1.", tokens[0][:-2], "ann@x.org", "t1.é", ""):
        with pytest.raises((StateError, ConfigError)):
            opened(forged, keys(KEY))


@pytest.mark.parametrize("method", ["hash", "tokenise", "format"])
def test_a_missing_key_is_told_before_any_row(method: Any) -> None:
    with pytest.raises(ConfigError, match="no key to mask with") as told:
        masker(Mask(method, key="PATIENTS"), keys())
    assert "secret PATIENTS" in str(told.value)
    assert "adp masking new-key --name PATIENTS" in str(told.value)


@pytest.mark.parametrize(
    "text",
    ["passphrase", "1:c2hvcnQ=", f"{KEY}\n{KEY}", "x:" + KEY[2:], "1:%%%"],
    ids=["words", "short", "a version twice", "no version", "no base64"],
)
def test_a_key_that_cannot_be_read_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError, match="a line of this key is not") as told:
        keys(text).version()
    assert text[2:] not in str(told.value)


def test_partial_shows_the_ends_and_nothing_of_what_is_too_short() -> None:
    values = ["4111111111111111", "1234", "", None, "Ünïcödé"]
    assert masked(values, Mask("partial", last=4)) == ["************1111", "****", "", None, "***cödé"]
    assert masked(["Ann Lee"], Mask("partial", first=1, last=2)) == ["A****ee"]
    assert masked([1234567], Mask("partial", first=2)) == ["12*****"]


def test_format_keeps_the_shape() -> None:
    values = ["+49 (30) 123-4567", "AB-12 cd", "Müller", "", None, "日本7", "4111111111111111111"]
    made = masked(values, Mask("format"))
    for value, mask in zip(values, made, strict=True):
        if value and value.isascii():
            assert mask != value
            assert [shape(char) for char in mask] == [shape(char) for char in value]
    assert made[2].isascii()
    assert made[3:5] == ["", None]
    assert made[5].isascii()


def shape(char: str) -> str:
    return "9" if char.isdigit() else "A" if char.isupper() else "a" if char.islower() else char


@given(st.lists(st.text(alphabet=st.characters(max_codepoint=127), max_size=30), max_size=20))
def test_format_is_one_to_one(values: list[str]) -> None:
    made = masked(values, Mask("format"), kind=pa.string())
    assert len(set(made)) == len(set(values))


@pytest.mark.parametrize(
    ("values", "granularity", "made"),
    [
        ([dt.date(1984, 5, 6), dt.date(2000, 1, 1), None], "decade", [dt.date(1980, 1, 1), dt.date(2000, 1, 1), None]),
        ([dt.date(1984, 5, 6)], "quarter", [dt.date(1984, 4, 1)]),
        ([dt.datetime(1984, 5, 6, 7)], "year", [dt.datetime(1984, 1, 1)]),
        (["1984-05-06", "1984-05-06 10:00", "soon", "", None], "year", ["1984-01-01", "1984-01-01", None, None, None]),
        (["12345", "123", "12", "", None], 3, ["123**", "***", "**", "", None]),
        ([37, 40, -1, None], 10, [30, 40, -10, None]),
        ([37.5, float("nan"), float("inf")], 2.5, [37.5, None, None]),
        ([Decimal("37.55")], 10, [Decimal("30.00")]),
        ([2**63 - 1, -(2**63)], 10, [None, None]),
        ([True], 10, [None]),
        ([37], "year", [None]),
    ],
)
def test_generalise_makes_coarser(values: list[Any], granularity: Any, made: list[Any]) -> None:
    assert masked(values, Mask("generalise", granularity=granularity)) == made


def test_small_integers_do_not_overflow() -> None:
    assert masked([-128, 127], Mask("generalise", granularity=100.0), kind=pa.int8()) == [None, 100]
    assert masked([5], Mask("generalise", granularity=10.0), kind=pa.uint8()) == [0]


def spans(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    found: list[list[tuple[int, int, str]]] = []
    for text in texts:
        at = [i for i in range(len(text)) if text.startswith("ann@x.org", i)]
        found.append([(i, i + 9, "EMAIL_ADDRESS") for i in at])
    return found


def test_texts_are_masked_inside() -> None:
    values = ["call ann@x.org or ann@x.org!", "nothing here", "", None]
    work = masker(Mask("redact", inside=True), keys(), spans)
    assert work(pa.array(values)).to_pylist() == [
        "call <EMAIL_ADDRESS> or <EMAIL_ADDRESS>!",
        "nothing here",
        "",
        None,
    ]
    hashed = masker(Mask("hash", inside=True), keys(), spans)(pa.array(values)).to_pylist()
    assert hashed[0] == f"call {masked(['ann@x.org'], Mask('hash'))[0]} or {masked(['ann@x.org'], Mask('hash'))[0]}!"
    assert masker(Mask("redact", inside=True), keys(), spans)(pa.array([7])).to_pylist() == [None]
    with pytest.raises(ConfigError, match="nothing here finds personal data"):
        masker(Mask("redact", inside=True), keys())


def test_ten_megabytes_of_text_are_one_value() -> None:
    long = "ann@x.org and much else, " * 420_000
    for mask in MASKS:
        if mask.granularity not in ("decade", "month"):  # it is no date
            assert masked([long[: 10**6] if mask.method == "format" else long, "a"], mask)[0]
    within = masker(Mask("redact", inside=True), keys(), spans)(pa.array([long])).to_pylist()[0]
    assert "ann@" not in within
    assert within.count("<EMAIL_ADDRESS>") == 420_000


@pytest.mark.parametrize(
    ("pii", "kind", "method"),
    [
        ("EMAIL_ADDRESS", pa.string(), "hash"),
        ("US_SSN", pa.int64(), "hash"),
        ("DE_TAX_ID", pa.string(), "hash"),
        ("PERSON", pa.string(), "redact"),
        ("LOCATION", pa.string(), "redact"),
        ("DATE_OF_BIRTH", pa.date32(), "generalise"),
        ("DATE_OF_BIRTH", pa.int64(), "redact"),
        ("AWS_SECRET", pa.string(), "redact"),
    ],
)
def test_a_column_nobody_decided_on_is_masked_by_its_type(pii: str, kind: pa.DataType, method: str) -> None:
    assert default_mask(pii, kind).method == method
