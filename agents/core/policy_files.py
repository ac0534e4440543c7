"""The Cedar files of a folder, checked against the platform's schema and made ready to decide."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.core.catalog import LAYERS
from agents.core.digest import digest
from agents.core.errors import ConfigError
from agents.core.policy_text import mentioned, misparsed, place, statements
from agents.core.risk import LEVELS

POLICIES = Path(__file__).parent.parent / "policies"
SCHEMA = POLICIES / "platform.cedarschema"
PII = ("none", "masked", "unmasked", "unknown")
# What a rule reads when it is about the time.
CLOCK = frozenset({"now", "weekday", "hour"})
ATTRIBUTES = CLOCK | {
    *("tool", "asset", "layer", "approvals", "groups", "requester_known", "risk", "blast_radius", "pii"),
    *("reversible", "monthly_usd", "over_budget"),
}
# What an attribute can be: a rule that compares it with anything else never applies, and nobody would notice.
VALUES: Mapping[str, Collection[str]] = {"risk": LEVELS, "pii": PII, "layer": LAYERS}
_NO_ENTITY = re.compile(r"^entity (`[^`]+`) is of an enumerated entity type.*")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Rules:
    """Policies ready to decide, and what their texts say about what could change a verdict.

    `actions` knows which effects are in which group. `timeless` are the policies without the prohibitions that read the
    clock; None where none does. `quorums` are numbers of approvals and `groups` names of groups that the rules speak
    of. `reads` are the attributes of the context that any rule looks at: the others cannot matter.
    """

    engine: Any
    actions: Any
    policies: Any
    timeless: Any
    quorums: tuple[int, ...]
    groups: tuple[str, ...]
    reads: frozenset[str]
    names: tuple[str, ...]
    stamp: str


def load_rules(folder: Path) -> Rules:
    """The policies of every `*.cedar` in `folder`. Raises ConfigError with file, line and column."""
    import cedarpy

    texts = _texts(folder)
    schema = _read(SCHEMA)
    found: dict[str, Any] = {}
    for file, text in texts.items():
        _check(cedarpy, file, text, schema)
        for name, body in _named(cedarpy, file, text):
            if name in found:
                where = f"{file}:{place(text, max(text.rfind(json.dumps(name)), 0))}"
                fix = "cards and records name a rule by its id"
                raise ConfigError(f"two policies have the id {name!r}", where=where, fix=fix)
            found[name] = body
            _check_values(file, text, body)
    if not found:
        raise ConfigError("no policy in this folder, so nothing would be allowed", where=str(folder))
    bodies = list(found.values())
    clocked = {name for name, body in found.items() if body["effect"] == "forbid" and CLOCK & _read_by(body)}
    quorums = {number for body in bodies for number in _numbers(body, "approvals")}
    groups = {name for body in bodies for name in _names(body, "groups")}
    return Rules(
        cedarpy,
        cedarpy.Entities.from_json_str("[]", schema),
        _policy_set(cedarpy, found),
        _policy_set(cedarpy, {k: v for k, v in found.items() if k not in clocked}) if clocked else None,
        tuple(sorted({1} | {n + more for n in quorums for more in (0, 1) if n + more > 1})),
        tuple(sorted(groups)),
        frozenset(name for body in bodies for name in _read_by(body)),
        tuple(found),
        _stamp(schema, texts),
    )


def stamp_of(folder: Path) -> str:
    """Digest of the folder's policies and the schema: another one means that a policy changed."""
    return _stamp(_read(SCHEMA), _texts(folder))


def _stamp(schema: str, texts: Mapping[Path, str]) -> str:
    return digest({"schema": schema, "files": {file.name: text for file, text in texts.items()}})


def _texts(folder: Path) -> dict[Path, str]:
    if not folder.is_dir():
        raise ConfigError("no such folder of policies", where=str(folder), fix="name it in ADP_POLICIES")
    return {file: _read(file) for file in sorted(folder.glob("*.cedar"))}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"policy cannot be read: {type(error).__name__}", where=str(file)) from error


def _check(cedarpy: Any, file: Path, text: str, schema: str) -> None:
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError:
        offset, message = misparsed(text, cedarpy.policies_to_json_str)
        raise _wrong(f"policy does not parse: {message}", file, text, offset) from None
    found = cedarpy.validate_policies(text, schema)
    if not found.validation_passed:
        first = found.errors[0]
        message = re.sub(rf"^for policy `{re.escape(str(first.policy_id))}`[,:] ", "", str(first.error))
        message = _NO_ENTITY.sub(r"there is no \1", message)
        number = str(first.policy_id).removeprefix("policy")
        offset = mentioned(statements(text)[int(number)], message) if number.isdigit() else 0
        raise _wrong(f"policy is not valid: {message}", file, text, offset)


def _check_values(file: Path, text: str, body: Any) -> None:
    for attribute, known in VALUES.items():
        for name in _names(body, attribute, ("==", "!=")):
            if name not in known:
                what = f'policy is not valid: context.{attribute} is never "{name}", but one of {", ".join(known)}'
                raise _wrong(what, file, text, max(text.find(json.dumps(name)), 0))


def _wrong(what: str, file: Path, text: str, offset: int) -> ConfigError:
    fix = f"mend it; {SCHEMA} says what a policy may read"
    return ConfigError(what, where=f"{file}:{place(text, offset)}", fix=fix)


def _named(cedarpy: Any, file: Path, text: str) -> Iterator[tuple[str, Any]]:
    parsed = json.loads(cedarpy.policies_to_json_str(text))
    if parsed["templates"]:
        raise ConfigError("a policy with ?principal or ?resource decides nothing", where=str(file), fix="name them")
    policies = sorted(parsed["staticPolicies"].items(), key=lambda entry: int(entry[0].removeprefix("policy")))
    for number, (_, body) in enumerate(policies, 1):
        yield (body.get("annotations") or {}).get("id") or f"{file.name}#{number}", body


def _policy_set(cedarpy: Any, bodies: Mapping[str, Any]) -> Any:
    text = json.dumps({"staticPolicies": bodies, "templates": {}, "templateLinks": []})
    return cedarpy.PolicySet.from_json_str(text)


def _nodes(body: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(body, Mapping):
        yield body
        for value in body.values():
            yield from _nodes(value)
    elif isinstance(body, list):
        for value in body:
            yield from _nodes(value)


def _attribute(node: Any) -> str:
    """The attribute of the context that an expression is, or asks for with `has`."""
    if isinstance(node, Mapping):
        for operator in (".", "has"):
            inner = node.get(operator)
            if isinstance(inner, Mapping) and inner.get("left") == {"Var": "context"}:
                return str(inner["attr"])
    return ""


def _read_by(body: Any) -> frozenset[str]:
    found = [name for node in _nodes(body) if (name := _attribute(node))]
    whole = sum(node.get("Var") == "context" for node in _nodes(body)) > len(found)
    return ATTRIBUTES if whole else frozenset(found)


def _beside(body: Any, attribute: str, operators: tuple[str, ...]) -> Iterator[Any]:
    """What the rules compare an attribute with."""
    for node in _nodes(body):
        for operator in operators:
            sides = node.get(operator)
            if isinstance(sides, Mapping) and "right" in sides:
                if _attribute(sides["left"]) == attribute:
                    yield sides["right"]
                elif _attribute(sides["right"]) == attribute:
                    yield sides["left"]


def _numbers(body: Any, attribute: str) -> Iterator[int]:
    for other in _beside(body, attribute, _COMPARISONS):
        yield from (n["Value"] for n in _nodes(other) if isinstance(n.get("Value"), int))


def _names(
    body: Any, attribute: str, operators: tuple[str, ...] = ("contains", "containsAll", "containsAny", "==")
) -> Iterator[str]:
    for other in _beside(body, attribute, operators):
        yield from (n["Value"] for n in _nodes(other) if isinstance(n.get("Value"), str))
