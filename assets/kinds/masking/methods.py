"""The methods by which a column is masked, each a function of a whole Arrow array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from agents.core.errors import ConfigError
from assets.kinds.masking.arrow import pc
from assets.kinds.masking.cmac import Cmac
from assets.kinds.masking.ff1 import Ff1
from assets.kinds.masking.generalise import generalised
from assets.kinds.masking.inside import Scan, masked_inside
from assets.kinds.masking.nested import Leaf, on_leaves
from assets.kinds.masking.shapes import formatted
from assets.kinds.masking.siv import Siv
from assets.kinds.masking.values import as_text, is_bytes, is_text
from assets.kinds.spec import Mask
from resources.masking_keys import MaskingKeys

REDACTED = "[redacted]"
TOKEN = "t{version}."


def masker(mask: Mask, keys: MaskingKeys, scan: Scan | None = None) -> Leaf:
    """What masks a column's batches. Raises ConfigError, before any batch, when its key or the scanner is missing.

    The result has the type of the column for redact (of what is not text), generalise and keep, else text.
    """
    if mask.inside:
        if scan is None:
            fix = "install the scanner of personal data, or mask the whole cell"
            raise ConfigError("nothing here finds personal data inside texts", where=mask.method, fix=fix)
        leaf = None if mask.method == "redact" else _LEAVES[mask.method](mask, keys)
        return _nested(lambda array: _inside(array, scan, leaf))
    if mask.method == "keep":
        return lambda array: array
    leaf = _LEAVES[mask.method](mask, keys)
    return leaf if mask.method == "redact" else _nested(leaf)


def opened(token: str, keys: MaskingKeys, name: str = "") -> bytes:
    """The value of a token, by the key version that its head names. Raises StateError, ConfigError."""
    head, _, body = token.partition(".")
    version = int(head[1:]) if head[:1] == "t" and head[1:].isdecimal() else None
    if version is None:
        raise ConfigError("this is not a token", where="token", fix="a token begins with t, its version and a dot")
    return Siv(keys.derived(name, "tokenise", 64, version)).open(body)


def _nested(leaf: Leaf) -> Leaf:
    return lambda array: on_leaves(array, leaf)


def _redact(mask: Mask, keys: MaskingKeys) -> Leaf:
    def leaf(array: Any) -> pa.Array:
        if not is_text(array.type):
            return pa.nulls(len(array), array.type)
        return pc.if_else(array.is_valid(), pa.scalar(REDACTED, pa.string()), pa.scalar(None, pa.string()))

    return leaf


def _partial(mask: Mask, keys: MaskingKeys) -> Leaf:
    def leaf(array: Any) -> pa.Array:
        if is_bytes(array.type):
            return pa.nulls(len(array), pa.string())
        text = as_text(array)
        size: Any = pc.utf8_length(text)
        hidden: Any = pc.subtract(size, mask.first + mask.last)
        short = pc.less_equal(hidden, 0)
        stars = pc.binary_repeat(pa.scalar("*", text.type), pc.if_else(short, size, hidden))
        head = pc.utf8_slice_codeunits(text, 0, mask.first)
        # A slice from -0 on would be everything.
        tail = pc.utf8_slice_codeunits(text, -mask.last) if mask.last else pa.scalar("", text.type)
        shown = pc.binary_join_element_wise(head, stars, tail, pa.scalar("", text.type))
        return pc.if_else(short, stars, shown)

    return leaf


def _hash(mask: Mask, keys: MaskingKeys) -> Leaf:
    mac = Cmac(keys.derived(mask.key, "hash", 32))
    return lambda array: mac.pseudonyms(as_text(array))


def _tokenise(mask: Mask, keys: MaskingKeys) -> Leaf:
    cipher = Siv(keys.derived(mask.key, "tokenise", 64))
    head = pa.scalar(TOKEN.format(version=keys.version(mask.key)))

    def leaf(array: Any) -> pa.Array:
        return _once(as_text(array), lambda some: pc.binary_join_element_wise(head, cipher.seal(some), ""))

    return leaf


def _format(mask: Mask, keys: MaskingKeys) -> Leaf:
    cipher = Ff1(keys.derived(mask.key, "format", 32))

    def leaf(array: Any) -> pa.Array:
        if is_bytes(array.type):
            return pa.nulls(len(array), pa.string())
        return _once(as_text(array), lambda some: formatted(some, cipher))

    return leaf


def _generalise(mask: Mask, keys: MaskingKeys) -> Leaf:
    granularity = mask.granularity if mask.granularity is not None else "year"
    return lambda array: generalised(array, granularity)


def _inside(array: Any, scan: Scan, leaf: Leaf | None) -> pa.Array:
    """Only texts have an inside: any other value is hidden whole."""
    if not is_text(array.type):
        return pa.nulls(len(array), array.type)
    return _once(array, lambda some: masked_inside(some, scan, leaf))


def _once(array: Any, leaf: Leaf) -> pa.Array:
    """Through `leaf` once for each distinct value, for methods that cost more than finding those."""
    found = array.dictionary_encode()
    return leaf(found.dictionary).take(found.indices)


_LEAVES: Mapping[str, Callable[[Mask, MaskingKeys], Leaf]] = {
    "redact": _redact,
    "partial": _partial,
    "hash": _hash,
    "tokenise": _tokenise,
    "format": _format,
    "generalise": _generalise,
}
