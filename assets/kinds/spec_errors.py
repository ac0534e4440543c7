"""Turn what is wrong in a `defs.yaml` into a SpecError that names file, line, path, and the nearest valid key.

Nothing here runs while files are right: lines are found by reading the file a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import ValidationError

from agents.core.errors import SpecError
from assets.kinds.spec import Product

Loc = Sequence[str | int]
_KEY = "[key]"
"""How pydantic ends the path of a key that is wrong."""
_READ_AS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a date"}
_SAID = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is not a key here",
    "string_type": "must be text",
    "dataclass_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "tuple_type": "must be a list",
}


def unreadable(error: yaml.YAMLError | RecursionError, path: Path) -> SpecError:
    """For text that is not YAML, or uses parts of it that specs do not take."""
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "nested too deeply"
    return SpecError(f"not a valid YAML file: {problem}", where=where, fix="mend the YAML at this line")


def wrong_key(text: str, path: Path, index: int, loc: Loc, what: str, fix: str) -> SpecError:
    """For a value that is readable and wrong: `loc` is its path in the document, mappings by key, lists by number."""
    line = line_of(text, index, loc)
    inside = spelled(loc[1:] if loc and loc[0] == "attributes" else loc)
    return SpecError(f"{inside}: {what}" if inside else what, where=f"{path}:{line}", fix=fix, path=inside)


def invalid(error: ValidationError, text: str, path: Path, index: int) -> SpecError:
    """For attributes that pydantic refused: the first error, and how many more there are."""
    errors = error.errors(include_url=False, include_context=True)
    first = errors[0]
    loc = first["loc"]
    what = _SAID.get(first["type"], first["msg"][:1].lower() + first["msg"][1:])
    if len(errors) > 1:
        what += f" (and {len(errors) - 1} more)"
    at = loc[:-1] if first["type"] == "missing" else loc
    where = f"{path}:{line_of(text, index, ('attributes', *at))}"
    inside, fix = spelled(loc), _fix(first["type"], loc)
    if first["type"] in ("string_type", "tuple_type"):
        raw, said = unquoted(text, index, ("attributes", *loc))
        if said:
            what = f"{what}: {said}"
            listed = first["type"] == "tuple_type"
            fix = f"write it as a list, in quotes: ['{raw}']" if listed else f"write it in quotes: '{raw}'"
            inside = spelled([*loc[:-2], raw]) if loc[-1] == _KEY else inside
    return SpecError(f"{inside}: {what}", where=where, fix=fix, path=inside)


def unquoted(text: str, index: int, loc: Loc) -> tuple[str, str]:
    """A name as it stands in the file and what YAML takes it for, where that is no text; else two empty texts."""
    node = _node_at(text, index, loc)
    kind = node.tag.rpartition(":")[2] if isinstance(node, yaml.ScalarNode) else ""
    if node is None or kind not in _READ_AS or not node.value:
        return "", ""
    read = str(yaml.safe_load(node.value)).lower() if kind == "bool" else _READ_AS[kind]
    return str(node.value), f"YAML reads {node.value} as {read}"


def _fix(kind: str, loc: Loc) -> str:
    if kind == "missing":
        return f"add {loc[-1]}"
    if kind != "unexpected_keyword_argument":
        return ""
    known = keys_at(loc[:-1])
    near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}? keys here: {', '.join(known)}" if near else f"use one of {', '.join(known)}"


def keys_at(loc: Loc) -> list[str]:
    """The keys that may stand in the mapping at `loc` of a product."""
    kind: Any = Product
    named = False
    for step in loc:
        if named:  # a key of a mapping of dataclasses, which the entry chose itself
            named = False
        elif is_dataclass(kind) and isinstance(step, str):
            hint = get_type_hints(kind).get(step)
            kind, named = _inner(hint), get_origin(hint) is Mapping
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


def _inner(hint: Any) -> Any:
    """The dataclass inside `X | None` or `tuple[X, ...]`."""
    if is_dataclass(hint):
        return hint
    return next((found for arg in get_args(hint) if (found := _inner(arg)) is not None), None)


def spelled(loc: Loc) -> str:
    """`tables[0].rules[1].type`."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def line_of(text: str, index: int, loc: Loc) -> int:
    """The line, from 1, of the value at `loc`; of its nearest existing parent where it is missing."""
    return _walk(text, index, loc)[0]


def _node_at(text: str, index: int, loc: Loc) -> yaml.Node | None:
    """The node of the value at `loc`, or of the key where it ends so; None where there is none."""
    return _walk(text, index, loc)[1]


def _walk(text: str, index: int, loc: Loc) -> tuple[int, yaml.Node | None]:
    loader = yaml.SafeLoader(text)
    try:
        node: yaml.Node | None = None
        for _ in range(index + 1):
            if not loader.check_node():
                return 1, None
            node = loader.get_node()
        return _down(node, loc)
    finally:
        loader.dispose()


def _down(node: yaml.Node | None, loc: Loc) -> tuple[int, yaml.Node | None]:
    line = node.start_mark.line + 1 if node else 1
    key: yaml.Node | None = None
    for step in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif step == _KEY and key is not None:
            return line, key
        elif isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if _is_key(pair[0], step)), None)
            if pair is None:
                return line, None
            key, node = pair
            line = pair[0].start_mark.line + 1
            continue
        else:
            return line, None
        line = node.start_mark.line + 1 if node else line
    return line, node


def _is_key(node: yaml.Node, step: str | int) -> bool:
    """Whether a key is the one that a step names; pydantic names `no` 0 and `null` None."""
    if node.value == step or not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:str":
        return bool(node.value == step)
    read = yaml.safe_load(node.value)
    return read == step or str(read) == step
