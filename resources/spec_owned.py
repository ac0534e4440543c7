"""The sidecar of a product: what agents last wrote, so that a person's edit can be told from theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from agents.core.errors import StateError
from resources.spec_merge import RULES, Owned, Wrote, leaves, rule_identity, same

_SEPARATOR = "/"
K = TypeVar("K")


def sidecar_name(environment: str = "") -> str:
    """The sidecar of `defs.yaml`, or of an environment's pins."""
    return f".owned.{environment}.json" if environment else ".owned.json"


def read_owned(text: str, where: FilePath) -> dict[str, Owned]:
    """By asset what agents own; an empty text means that everything is a person's."""
    if not text.strip():
        return {}
    try:
        data = json.loads(text)
        return {asset: _owned(entry) for asset, entry in data["assets"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            "the record of what agents wrote is damaged",
            where=str(where),
            fix="restore it from git, or delete it: then all fields count as a person's",
        ) from error


def owned_text(assets: Mapping[str, Owned]) -> str:
    """The sidecar's text; sorted and line by line, so that git merges it."""
    data = {
        "about": "what agents last wrote; a value that differs in defs.yaml is a person's and stays",
        "assets": {asset: _plain(owned) for asset, owned in sorted(assets.items()) if owned.fields or owned.rules},
    }
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def undone(now: str, wrote: str, former: str, where: FilePath) -> str:
    """The sidecar's text without what one change recorded; what was recorded since stays."""
    ours, theirs, before = (read_owned(text, where) for text in (now, wrote, former))
    for asset in {*theirs, *before}:
        mine, written, old = (owned.get(asset, Owned()) for owned in (ours, theirs, before))
        _take_back(mine.fields, written.fields, old.fields)
        _take_back(mine.rules, written.rules, old.rules)
        ours[asset] = mine
    return owned_text(ours)


def persons(owned: Owned, entry: Mapping[str, Any]) -> list[str]:
    """The fields and rules of an entry that are a person's: no agent wrote them as they stand."""
    fields = leaves({key: value for key, value in entry.items() if key != RULES})
    found = ["/".join(path) for path, value in fields if not _wrote(owned.fields.get(path), value)]
    rules = [rule for rule in entry.get(RULES) or [] if not _wrote(owned.rules.get(rule_identity(rule)), rule)]
    return [*found, *(f"{RULES}/{rule.get('type')}" for rule in rules)]


def _wrote(base: Wrote | None, value: Any) -> bool:
    return base is not None and same(base.value, value)


def _take_back(mine: dict[K, Wrote], written: Mapping[K, Wrote], old: Mapping[K, Wrote]) -> None:
    for key in {*written, *old}:
        if mine.get(key) != written.get(key) or written.get(key) == old.get(key):
            continue
        if key in old:
            mine[key] = old[key]
        else:
            mine.pop(key, None)


def _owned(entry: Mapping[str, Any]) -> Owned:
    fields = {tuple(_unescape(part) for part in name.split(_SEPARATOR)): w for name, w in entry["fields"].items()}
    return Owned(
        {path: Wrote(wrote["value"], str(wrote["by"])) for path, wrote in fields.items()},
        {identity: Wrote(wrote["value"], str(wrote["by"])) for identity, wrote in entry["rules"].items()},
    )


def _plain(owned: Owned) -> dict[str, Any]:
    fields = {_SEPARATOR.join(_escape(part) for part in path): wrote for path, wrote in owned.fields.items()}
    return {
        "fields": {name: {"value": wrote.value, "by": wrote.by} for name, wrote in fields.items()},
        "rules": {identity: {"value": wrote.value, "by": wrote.by} for identity, wrote in owned.rules.items()},
    }


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace(_SEPARATOR, "~1")


def _unescape(part: str) -> str:
    return part.replace("~1", _SEPARATOR).replace("~0", "~")
