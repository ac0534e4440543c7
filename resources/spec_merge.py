"""Three-way merge of one spec entry: what the agents wrote last, what stands there now, what is desired.

Ownership is field by field and rule by rule. A value that is no longer what an agent wrote is a person's and stays;
so does a value that no agent wrote, and the absence of a field that a person deleted. A top-level field that the
desired entry does not name is left alone, so each agent says only what it is about. Pure: plain values in and out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Literal, cast

from agents.core.digest import digest

Path = tuple[str, ...]
RULES = "rules"
_IDENTIFYING = ("column", "column_list", "column_set", "column_A", "column_B", "unexpected_rows_query", "row_condition")


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one field (`source/mode`) or rule, and why."""

    path: str
    action: Literal["set", "removed", "kept"]
    before: Any
    after: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """A value as an agent last wrote it."""

    value: Any
    by: str


@dataclass(slots=True)
class Owned:
    """What agents wrote of one entry: fields by path, rules by identity."""

    fields: dict[Path, Wrote] = field(default_factory=dict[Path, Wrote])
    rules: dict[str, Wrote] = field(default_factory=dict[str, Wrote])


@dataclass(frozen=True, slots=True)
class Merged:
    """The entry as it should stand, what agents own of it then, and how it came about."""

    entry: dict[str, Any]
    owned: Owned
    edits: tuple[Edit, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is to be written."""
        return any(edit.action != "kept" for edit in self.edits)


def merge(owned: Owned, current: Mapping[str, Any] | None, desired: Mapping[str, Any], agent: str) -> Merged:
    """Merge `desired` into `current` (None: no such entry). `agent` withdraws only what it wrote itself."""
    if current is None:
        owned = Owned()  # the entry is new, or was removed as a whole: what was written of it before is void
    want, have = _normal(desired), dict(current or {})
    edits: list[Edit] = []
    kept = Owned(dict(owned.fields), dict(owned.rules))
    fields = dict(leaves({k: v for k, v in have.items() if k != RULES}))
    wanted = dict(leaves({k: v for k, v in want.items() if k != RULES and v is not None}))
    unwanted = [path for path in fields if path not in wanted]
    for path in (*unwanted, *wanted):  # what goes makes room for what comes
        if path[0] in want:
            edits += _merge_field(path, fields, wanted, kept, agent)
    entry = tree(fields)
    if RULES in have:
        entry[RULES] = have[RULES]
    if RULES in want:
        rules, rule_edits = _merge_rules(have.get(RULES) or [], want[RULES] or [], kept, agent)
        edits += rule_edits
        entry.pop(RULES, None)
        if rules or have.get(RULES) == []:
            entry[RULES] = rules
    return Merged(in_order(entry, have), kept, tuple(edits))


def rule_identity(rule: Mapping[str, Any]) -> str:
    """What makes it the same rule after its limits changed; as `assets.kinds.spec.Rule.identity` says it."""
    kwargs = cast(Mapping[str, Any], rule.get("kwargs") or {})
    meta = cast(Mapping[str, Any], rule.get("meta") or {})
    return digest([rule.get("type"), meta.get("id", ""), {k: plain(kwargs[k]) for k in _IDENTIFYING if k in kwargs}])[
        7:19
    ]


def plain(value: Any) -> Any:
    """The value in JSON's types; a date is its ISO text, as it was written."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in cast(Mapping[object, Any], value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in cast(Iterable[Any], value)]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def same(left: Any, right: Any) -> bool:
    """Equality of plain values in which 1 is 1.0 but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        ours, theirs = cast(dict[str, Any], left), cast(dict[str, Any], right)
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(cast(list[Any], left), cast(list[Any], right), strict=False)
        return len(left) == len(right) and all(same(one, other) for one, other in pairs)
    return left == right


def _merge_field(
    path: Path, fields: dict[Path, Any], wanted: Mapping[Path, Any], owned: Owned, agent: str
) -> list[Edit]:
    """Decide one field; `fields` and `owned` are brought up to date."""
    name, base = "/".join(path), owned.fields.get(path)
    before, after = fields.get(path), wanted.get(path)
    here, asked = path in fields, path in wanted
    if here and asked and same(before, after):
        return []
    if here and (base is None or not same(before, base.value)):
        reason = "written by a person" if base is None else "edited by a person"
        return [Edit(name, "kept", before, after, reason)] if asked else []
    if asked and not here and base is not None:
        return [Edit(name, "kept", None, after, "deleted by a person")]
    if asked and not here and _in_the_way(path, fields):
        return [Edit(name, "kept", None, after, "written by a person in another form")]
    if asked:
        fields[path] = after
        owned.fields[path] = Wrote(after, agent)
        return [Edit(name, "set", before, after, "new" if base is None else f"was written by {base.by}")]
    if here and base is not None and base.by == agent:
        del fields[path], owned.fields[path]
        return [Edit(name, "removed", before, None, "no longer wanted")]
    return []


def _in_the_way(path: Path, fields: dict[Path, Any]) -> bool:
    """Whether a value stands where a mapping is needed, or a mapping where a value is. An empty mapping gives way."""
    for other in list(fields):
        shorter = min(len(path), len(other))
        if path[:shorter] == other[:shorter]:
            if fields[other] != {} or len(other) >= len(path):
                return True
            del fields[other]
    return False


def _merge_rules(current: list[Any], desired: list[Any], owned: Owned, agent: str) -> tuple[list[Any], list[Edit]]:
    """Rules in the order in which they stand, new ones last."""
    wanted = {rule_identity(rule): rule for rule in desired}
    present = {rule_identity(rule) for rule in current}
    edits: list[Edit] = []
    rules: list[Any] = []
    for rule in current:
        identity = rule_identity(rule)
        kept, edit = _merge_rule(identity, rule, wanted.get(identity), owned, agent)
        rules += [] if kept is None else [kept]
        edits += [edit] if edit else []
    for identity, rule in wanted.items():
        if identity in present:
            continue
        if identity in owned.rules:
            edits.append(Edit(_rule_name(rule), "kept", None, rule, "deleted by a person"))
            continue
        rules.append(rule)
        owned.rules[identity] = Wrote(rule, agent)
        edits.append(Edit(_rule_name(rule), "set", None, rule, "new"))
    return rules, edits


def _merge_rule(identity: str, rule: Any, wanted: Any, owned: Owned, agent: str) -> tuple[Any, Edit | None]:
    """What stands after the merge in place of one present rule, and what that did."""
    name, base = _rule_name(rule), owned.rules.get(identity)
    if wanted is not None and same(rule, wanted):
        return rule, None
    if base is None or not same(rule, base.value):
        reason = "written by a person" if base is None else "edited by a person"
        return rule, Edit(name, "kept", rule, wanted, reason) if wanted is not None else None
    if wanted is not None:
        owned.rules[identity] = Wrote(wanted, agent)
        return wanted, Edit(name, "set", rule, wanted, f"was written by {base.by}")
    if base.by != agent:
        return rule, None
    del owned.rules[identity]
    return None, Edit(name, "removed", rule, None, "no longer wanted")


def _normal(desired: Mapping[str, Any]) -> dict[str, Any]:
    """Plain; at any depth nothing, an empty list and an empty text mean that the field is not wanted."""
    return {key: _pruned(value) for key, value in cast(dict[str, Any], plain(desired)).items()}


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast(dict[str, Any], value).items()
        return {key: pruned for key, item in pairs if (pruned := _pruned(item)) is not None} or None
    return None if value in ([], "") else value


def leaves(value: Mapping[str, Any], above: Path = ()) -> Iterable[tuple[Path, Any]]:
    """Every field with its path; an empty mapping is a field too."""
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield from leaves(cast(dict[str, Any], item), (*above, key))
        else:
            yield (*above, key), item


def tree(fields: Mapping[Path, Any]) -> dict[str, Any]:
    """The mapping of these fields; the inverse of `leaves`."""
    root: dict[str, Any] = {}
    for path, value in fields.items():
        folder = root
        for key in path[:-1]:
            inner = folder.get(key)
            folder[key] = folder = cast(dict[str, Any], inner) if isinstance(inner, dict) else {}
        folder[path[-1]] = value
    return root


def in_order(entry: dict[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in the order in which they stood; new ones after them, rules last among the new."""
    order = {key: number for number, key in enumerate(former)}
    last = len(order)
    return {key: entry[key] for key in sorted(entry, key=lambda key: order.get(key, last + (key == RULES)))}


def _rule_name(rule: Mapping[str, Any]) -> str:
    kwargs = cast(Mapping[str, Any], rule.get("kwargs") or {})
    about = next((str(kwargs[key]) for key in _IDENTIFYING[:5] if key in kwargs), rule_identity(rule))
    return f"{RULES}/{rule.get('type')}({about})"
