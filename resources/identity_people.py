"""A person, and the file that says who may do what.

people:
  - name: anna@example.org
    groups: [platform, governance]
    roles: [approver]
    aliases: [anna, CORP-anna]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from yaml import MappingNode, Node, ScalarNode, SequenceNode, YAMLError, compose
from yaml.loader import SafeLoader

from agents.core.errors import ConfigError
from resources.identity_names import LONGEST, canonical, valid_name

Role = Literal["viewer", "engineer", "approver", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_INCLUDED: dict[Role, frozenset[Role]] = {
    "viewer": frozenset(),
    "engineer": frozenset({"viewer"}),
    "approver": frozenset({"viewer"}),
    "admin": frozenset({"viewer", "engineer", "approver"}),
}
_FIELDS = ("name", "groups", "roles", "aliases")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with rights. `enrolled` says that codes are accepted from them; `source` who says what they may do."""

    name: str
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    enrolled: bool = False
    source: Literal["file", "store", "proxy"] = "store"

    def has(self, role: Role) -> bool:
        """Whether the person has this role, or one that includes it: an admin is engineer and approver too."""
        return role in self.roles or any(role in _INCLUDED[own] for own in self.roles)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person's new authenticator entry; `uri` and `secret` are shown once and kept nowhere in the clear."""

    person: Person
    uri: str = field(repr=False)
    secret: str = field(repr=False)


def valid_role(text: str, where: str) -> Role:
    """The role of that name. Raises ConfigError with the known ones."""
    if text not in ROLES:
        raise ConfigError(f"unknown role {text!r}", where=where, fix=f"use one of {', '.join(ROLES)}")
    return text


def read_people(path: Path) -> tuple[Person, ...]:
    """The people of an approvers.yaml; none where there is no file. Raises ConfigError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        root = cast(Node | None, compose(text, SafeLoader))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("cannot be read", where=str(path), fix="check owner and encoding (UTF-8)") from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError("cannot be read as YAML", where=f"{path}{line}", fix="correct the file") from error
    if root is None:
        return ()
    entries = _mapping(path, root, ("people",)).get("people")
    if entries is None or _empty(entries):
        return ()
    return _apart(path, [(_person(path, node), node) for node in _sequence(path, entries)])


def _person(path: Path, node: Node) -> Person:
    fields = _mapping(path, node, _FIELDS)
    if "name" not in fields:
        raise ConfigError("a person without a name", where=_at(path, node), fix="add `name:`")
    named = fields["name"]
    roles: list[Role] = [valid_role(_text(path, item), _at(path, item)) for item in _list(path, fields, "roles")]
    if not roles:
        raise ConfigError("a person without roles", where=_at(path, node), fix=f"add `roles:`: {', '.join(ROLES)}")
    return Person(
        valid_name(_text(path, named), _at(path, named)),
        frozenset(roles),
        frozenset(_text(path, item) for item in _list(path, fields, "groups")),
        tuple(valid_name(_text(path, item), _at(path, item)) for item in _list(path, fields, "aliases")),
        source="file",
    )


def _apart(path: Path, found: list[tuple[Person, Node]]) -> tuple[Person, ...]:
    """Two people must not share a name, also not in a look-alike spelling: nobody could say who approved."""
    taken: dict[str, Person] = {}
    for person, node in found:
        for name in person.names:
            other = taken.setdefault(canonical(name), person)
            if other is not person:
                raise ConfigError(
                    f"{name!r} can be taken for {other.name!r}",
                    where=_at(path, node),
                    fix="give each person one entry, and names that differ in more than look-alike letters",
                )
    return tuple(person for person, _ in found)


def _mapping(path: Path, node: Node, known: tuple[str, ...]) -> dict[str, Node]:
    if not isinstance(node, MappingNode):
        raise ConfigError(f"expected the fields {', '.join(known)}", where=_at(path, node), fix="see docs/identity.md")
    fields: dict[str, Node] = {}
    for key, value in cast(list[tuple[Node, Node]], node.value):
        name = _text(path, key)
        if name not in known:
            raise ConfigError(f"unknown field {name!r}", where=_at(path, key), fix=f"use {', '.join(known)}")
        if name in fields:
            raise ConfigError(f"{name!r} stands there twice", where=_at(path, key), fix="keep one")
        fields[name] = value
    return fields


def _list(path: Path, fields: dict[str, Node], name: str) -> list[Node]:
    node = fields.get(name)
    return [] if node is None or _empty(node) else _sequence(path, node)


def _sequence(path: Path, node: Node) -> list[Node]:
    if not isinstance(node, SequenceNode):
        raise ConfigError("expected a list", where=_at(path, node), fix="write `[one, two]` or a line `- one` each")
    return cast(list[Node], node.value)


def _empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _text(path: Path, node: Node) -> str:
    value = str(node.value).strip() if isinstance(node, ScalarNode) else ""
    if not value or len(value) > LONGEST or _empty(node):
        raise ConfigError("expected a text", where=_at(path, node), fix="write a name in one line")
    return value


def _at(path: Path, node: Node) -> str:
    return f"{path}:{node.start_mark.line + 1}"
