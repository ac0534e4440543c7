"""Read `defs.yaml` files: YAML to frozen products, errors with file, line and fix.

Loading is paid by every run and step process, so the path without errors is short: libyaml composes the nodes, they
become plain values in one walk, pydantic validates those straight into the frozen dataclasses. Line numbers are looked
up only after a failure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from agents.core.errors import SpecError
from assets.kinds.spec import Product
from assets.kinds.spec_errors import invalid, unquoted, unreadable, wrong_key
from resources.spec_files import refuse_secret_in

PRODUCT_COMPONENT = "platform_defs.DataProduct"
TOP_KEYS = ("type", "attributes", "requirements")
_TEXT = "tag:yaml.org,2002:str"
_TIME = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_SCALARS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
_COLLECTIONS = frozenset({"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One product as a file says it. `index` counts the YAML documents of the file."""

    path: Path
    index: int
    product: Product
    text: str

    def error(self, what: str, loc: Sequence[str | int] = (), fix: str = "") -> SpecError:
        """A SpecError that points at `loc`, a path inside the product's attributes."""
        return wrong_key(self.text, self.path, self.index, ("attributes", *loc), what, fix)

    def name_error(self, what: str, loc: Sequence[str | int]) -> SpecError:
        """For a name that is no text: a SpecError that says what YAML takes it for, and how to write it."""
        raw, said = unquoted(self.text, self.index, ("attributes", *loc))
        return self.error(f"{what} {said or 'is no text'}", loc, f"write it in quotes: '{raw or '...'}'")


def read_documents(path: Path) -> tuple[list[Document], bool]:
    """The products of one file, and whether it holds components of other types. Raises SpecError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError("the file is not UTF-8 text", where=str(path), fix="save it as UTF-8") from error
    except OSError as error:
        raise SpecError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    return parse_documents(text, path)


def parse_documents(text: str, path: Path) -> tuple[list[Document], bool]:
    """The products of a `defs.yaml` text (`path` is for messages and for the default name). Raises SpecError."""
    refuse_secret_in(text, path)  # before anything else, so that no other error can repeat the value
    documents: list[Document] = []
    foreign = False
    for index, data in enumerate(_plain_documents(text, path)):
        if data is None:
            continue
        if not isinstance(data, Mapping):
            raise wrong_key(text, path, index, (), f"expected a mapping, found {type(data).__name__}", "")
        top = cast("Mapping[str, Any]", data)
        if top.get("type") != PRODUCT_COMPONENT:
            if "type" not in top:
                raise wrong_key(text, path, index, (), "the key 'type' is missing", f"add type: {PRODUCT_COMPONENT}")
            foreign = True
            continue
        documents.append(Document(path, index, _product(top, text, path, index), text))
    return documents, foreign


def product_from(attributes: Mapping[str, Any], folder: str) -> Product:
    """A product from its plain attributes; the folder's name is the default name. Raises pydantic's ValidationError."""
    return _adapter().validate_python(attributes if "name" in attributes else {"name": folder, **attributes})


def _product(top: Mapping[str, Any], text: str, path: Path, index: int) -> Product:
    for key in top:
        if key not in TOP_KEYS:
            raise wrong_key(text, path, index, (key,), f"unknown key {key!r}", f"use {', '.join(TOP_KEYS)}")
    attributes = top.get("attributes") or {}
    if not isinstance(attributes, Mapping):
        raise wrong_key(text, path, index, ("attributes",), "attributes must be a mapping", "")
    try:
        return product_from(cast("Mapping[str, Any]", attributes), path.parent.name)
    except ValidationError as error:
        raise invalid(error, text, path, index) from error


@cache
def _adapter() -> TypeAdapter[Product]:
    return TypeAdapter(Product)


def _plain_documents(text: str, path: Path) -> Iterator[object]:
    try:
        loader = _Loader(text)
        try:
            while loader.check_node():
                yield _plain(loader, cast(yaml.Node, loader.get_node()), {})
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError) as error:
        raise unreadable(error, path) from error


_OPEN = object()


def _plain(loader: Any, node: yaml.Node, seen: dict[int, object]) -> object:
    """A node as plain values. Dates stay text, as in JSON; a key given twice is an error, not a silent choice."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _TEXT or node.tag == _TIME else _scalar(loader, node)
    found = seen.get(id(node))
    if found is not None:  # an alias: the same value again, never expanded again
        if found is _OPEN:
            raise yaml.constructor.ConstructorError(None, None, "an alias refers to itself", node.start_mark)
        return found
    if node.tag not in _COLLECTIONS:
        raise yaml.constructor.ConstructorError(None, None, f"unknown tag {node.tag!r}", node.start_mark)
    seen[id(node)] = _OPEN
    value: object
    if isinstance(node, yaml.SequenceNode):
        value = [_plain(loader, child, seen) for child in node.value]
    else:
        if any(key.tag == _MERGE for key, _ in node.value):
            loader.flatten_mapping(node)
            value = {_key(loader, key, seen): _plain(loader, child, seen) for key, child in node.value}
        else:
            value = _mapping(loader, node, seen)
    seen[id(node)] = value
    return value


def _mapping(loader: Any, node: yaml.Node, seen: dict[int, object]) -> dict[object, object]:
    value: dict[object, object] = {}
    for key, child in node.value:
        name = _key(loader, key, seen)
        if name in value:
            raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} is given twice", key.start_mark)
        value[name] = _plain(loader, child, seen)
    return value


def _key(loader: Any, node: yaml.Node, seen: dict[int, object]) -> object:
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a key must be text", node.start_mark)
    return _plain(loader, node, seen)


def _scalar(loader: Any, node: yaml.ScalarNode) -> object:
    if node.tag not in _SCALARS:
        raise yaml.constructor.ConstructorError(None, None, f"unknown tag {node.tag!r}", node.start_mark)
    value: object = loader.construct_object(node)
    if isinstance(value, float) and not math.isfinite(value):
        raise yaml.constructor.ConstructorError(None, None, "a number must be finite", node.start_mark)
    return value
