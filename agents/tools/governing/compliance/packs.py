"""Packs of controls as files: which regulation asks for what, and which check answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from agents.core.errors import ConfigError
from resources.settings import POLICIES, read_yaml

FOLDER = "compliance"
Scope = Literal["personal", "all", "platform"]


@dataclass(frozen=True, slots=True)
class Control:
    """What a regulation asks for. `check` names the computation; `scope` says of which tables, or of the platform."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    reference: str
    title: str
    scope: Scope
    check: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Pack:
    """One regulation with its controls."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    title: str
    controls: tuple[Control, ...]


def load_packs(policies: Path = POLICIES) -> dict[str, Pack]:
    """By name the owner's packs, beside their policies; those that come with the platform where there are none.

    Raises ConfigError with the file for what cannot be read, is doubled, or names a check that nobody computes.
    """
    folder = policies / FOLDER if (policies / FOLDER).is_dir() else POLICIES / FOLDER
    found: dict[str, Pack] = {}
    for path in sorted(folder.glob("*.yaml")):
        pack = _pack(path)
        if pack.name in found:
            raise ConfigError(f"{pack.name} is described twice", where=str(path), fix="keep one of the files")
        found[pack.name] = pack
    return found


def pack_named(packs: Mapping[str, Pack], name: str) -> Pack:
    """The pack of a regulation, however it is spelled. Raises ConfigError with those there are."""
    plain = _plain(name)
    for known, pack in packs.items():
        if _plain(known) == plain:
            return pack
    known = ", ".join(sorted(packs)) or "none"
    raise ConfigError(
        f"there is no pack of controls for {name!r}", fix=f"there are {known}; your own: docs/governance.md"
    )


def _pack(path: Path) -> Pack:
    from agents.tools.governing.compliance.evaluate import known_checks

    try:
        pack = TypeAdapter(Pack).validate_python(dict(read_yaml(path)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}: {first['msg']}", where=str(path), fix="compare it with gdpr.yaml") from error
    ids = [control.id for control in pack.controls]
    for control in pack.controls:
        if control.check not in known_checks(control.scope):
            known = ", ".join(sorted(known_checks(control.scope)))
            raise ConfigError(f"{control.id}: no check {control.check!r}", where=str(path), fix=f"use one of {known}")
        if ids.count(control.id) > 1:
            raise ConfigError(f"{control.id} is there twice", where=str(path), fix="give each control an id of its own")
    return pack


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
