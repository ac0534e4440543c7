"""People in the store. What counts is sealed under the encryption key; the columns beside it are for looking up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from resources.identity_names import canonical
from resources.identity_people import Person
from resources.keys import Keys
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row


def rows_of(connection: Connection) -> Sequence[Row[Any]]:
    """Everybody who was ever enrolled or revoked."""
    return connection.execute(tables().people.select()).all()


def person_of(row: Row[Any]) -> Person:
    """The person as the row's columns say."""
    roles, groups, aliases = (json.loads(text) for text in (row.roles, row.groups, row.aliases))
    return Person(row.name, frozenset(roles), frozenset(groups), tuple(aliases), bool(row.secret), "store")


def put(connection: Connection, person: Person, sealed: str, now: float, *, revoked: float | None = None) -> None:
    """Write a person's row in place of the one they had, under whatever spelling."""
    people = tables().people
    for row in rows_of(connection):
        if canonical(row.name) == canonical(person.name):
            connection.execute(people.delete().where(people.c.name == row.name))
    values = {**_columns(person), "secret": sealed, "created": now, "revoked": revoked}
    connection.execute(people.insert().values(values))


def reseal(connection: Connection, name: str, sealed: str) -> None:
    """Replace what is sealed in a row."""
    people = tables().people
    connection.execute(people.update().where(people.c.name == name).values(secret=sealed))


def seal(keys: Keys, person: Person, secret: str) -> str:
    """Name, rights and authenticator secret under the encryption key."""
    return keys.encrypt(canonical_json(_columns(person) | {"totp": secret}))


def unseal(keys: Keys, row: Row[Any]) -> tuple[Person, str]:
    """The person and secret of a row. Raises StateError when somebody else changed or copied the row."""
    sealed, person = json.loads(keys.decrypt(row.secret)), person_of(row)
    if {name: value for name, value in sealed.items() if name != "totp"} != _columns(person):
        raise StateError(
            f"the record of {person.name} was changed outside the platform",
            where="people",
            fix=f"adp approvals revoke {person.name}, then add",
        )
    return person, str(sealed["totp"])


def _columns(person: Person) -> dict[str, str]:
    return {
        "name": person.name,
        "roles": canonical_json(sorted(person.roles)),
        "groups": canonical_json(sorted(person.groups)),
        "aliases": canonical_json(list(person.aliases)),
    }
