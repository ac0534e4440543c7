"""People: who they are, what they may do, and the codes that prove it.

Rights stand in `approvers.yaml` or, for people added with `adp approvals add`, in the store; the file wins for whom
it names. A person's authenticator secret always lies in the store, encrypted together with name and rights, so that
a row edited or copied in the database is refused. In a deployment behind a proxy the proxy says who somebody is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.errors import ConfigError, Denied, StateError
from resources import identity_codes as codes
from resources.identity_names import alike, canonical, exact, valid_name
from resources.identity_people import ROLES, Enrolment, Person, Role, read_people, valid_role
from resources.identity_rows import person_of, put, reseal, rows_of, seal, unseal
from resources.keys import Keys
from resources.ledger import Entry, Ledger
from resources.store import Store
from resources.store_goals import tables

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy.engine import Connection

__all__ = ["ROLES", "Enrolment", "People", "Person", "Role", "canonical"]

_LEAST: frozenset[Role] = frozenset({"viewer"})
_WRONG = "the name or the code is wrong, or the code was used before"
_LOCKED = "too many wrong codes for this name"


class People:
    """The people of one deployment. Reads go to file and store each time: a change counts at once."""

    def __init__(
        self,
        store: Store,
        file: Path,
        keys: Keys,
        ledger: Ledger,
        *,
        otherwise: Path | None = None,
        role_groups: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`role_groups` says which group of the proxy gives a role; `otherwise` is read while there is no `file`."""
        self._store, self._keys, self._ledger, self._clock = store, keys, ledger, clock
        self._files = (file, otherwise or file)
        self._groups: dict[Role, str] = {
            valid_role(role, "role_groups"): group for role, group in (role_groups or {}).items()
        }
        self._parsed: tuple[object, tuple[Person, ...]] | None = None

    @property
    def _file(self) -> Path:
        """Looked for at every read: a file that appears later is in force at once."""
        return next((file for file in self._files if file.exists()), self._files[-1])

    def find(self, name: str) -> Person | None:
        """Whose name or alias this is, in any spelling; nobody for a person who was revoked.

        This proves nothing: rights need a code (`verify`) or a proxy (`from_proxy`).
        """
        return _named(name, self.all())

    def all(self) -> list[Person]:
        """Everybody who was not revoked, by name."""
        with self._store.database().read() as connection:
            return self._all(connection)

    def same(self, one: str, other: str) -> bool:
        """Whether two names can be one person's: spellings, look-alikes, and the aliases of everybody ever known."""
        with self._store.database().read() as connection:
            rows = [person_of(row) for row in rows_of(connection)]
        known = [person.names for person in (*self._listed(), *rows)]
        names, before = {one}, 0
        while len(names) > before:
            before = len(names)
            names.update(*(mine for mine in known if any(alike(a, b) for a in names for b in mine)))
        return any(alike(name, other) for name in names)

    def add(
        self,
        name: str,
        *,
        groups: Iterable[str] = (),
        roles: Iterable[str] = (),
        aliases: Iterable[str] = (),
        by: str,
    ) -> Enrolment:
        """Enrol a person and give the secret for their authenticator, once. Without roles they become an approver.

        For somebody in the file the rights stand there and none can be given here. Raises ConfigError for a name that
        can be taken for another person's, StateError for one who is enrolled already.
        """
        wanted = Person(
            valid_name(name, "name"),
            frozenset(valid_role(role, "role") for role in roles),
            frozenset(group.strip() for group in groups if group.strip()),
            tuple(valid_name(alias, "alias") for alias in aliases),
        )
        secret = codes.new_secret()
        with self._recorded() as (connection, entries):
            person = self._place(wanted, connection)
            put(connection, person, seal(self._keys, person, secret), self._clock())
            facts = {"roles": sorted(person.roles), "groups": sorted(person.groups), "aliases": person.aliases}
            entries.append(Entry("person", by, "enrolled", person.name, facts=facts))
        return Enrolment(person, codes.address(person.name, secret), secret)

    def revoke(self, name: str, by: str) -> None:
        """Take all rights from a person and forget their secret; being named in the file does not help them."""
        with self._recorded() as (connection, entries):
            person = _named(name, self._all(connection))
            if person is None:
                raise StateError("nobody of that name has rights", where="people", fix="see `adp approvals list`")
            put(connection, person, "", self._clock(), revoked=self._clock())
            entries.append(Entry("person", by, "revoked", person.name))

    def verify(self, name: str, code: str) -> Person:
        """The person who proves with a code to be that name. The code is used up, whatever is decided afterwards.

        Raises Denied, with one message for names and codes that are wrong; five wrong codes lock a name for
        15 minutes.
        """
        now, proved, refusal = self._clock(), None, _WRONG
        with self._recorded() as (connection, entries):
            person = _named(name, self._all(connection))
            asked = person.name if person else name
            if codes.locked(connection, asked, now):
                refusal = _LOCKED
            elif (proved := self._proved(connection, person, code, now)) is not None:
                codes.passed(connection, asked)
                entries.append(Entry("person", proved.name, "signed with a code", proved.name))
            else:
                locks = codes.failed(self._store.database(), connection, asked, now)
                what = "locked out after wrong codes" if locks else "wrong code"
                entries.extend([Entry("person", "", what, person.name)] if person else [])
            if proved is None:
                self._burn(connection, code, now)
        if proved is None:
            fix = "wait 15 minutes" if refusal == _LOCKED else "type the code that your authenticator shows now"
            raise Denied(refusal, where="approvals", fix=fix)
        return proved

    def from_proxy(self, name: str, groups: Collection[str]) -> Person:
        """The person a trusted proxy vouches for: roles by its groups, and what exactly that name has in file or store.

        A look-alike of somebody's name gets none of their rights; somebody revoked here gets none at all.
        """
        name = name.strip()
        if not name:
            raise Denied("the proxy names nobody", where="identity", fix="check the proxy's headers")
        with self._store.database().read() as connection:
            rows = rows_of(connection)
            known = self._all(connection)
        if any(row.revoked is not None and canonical(row.name) == canonical(name) for row in rows):
            return Person(name, source="proxy")
        mine = next((person for person in known if exact(name) in map(exact, person.names)), Person(name))
        if mine.source == "store" and mine.enrolled:
            mine = unseal(self._keys, next(row for row in rows if row.name == mine.name))[0]
        given: frozenset[Role] = frozenset(role for role, group in self._groups.items() if group in groups)
        return Person(
            name,
            (mine.roles | given) or _LEAST,
            mine.groups | frozenset(groups),
            tuple(alias for alias in mine.names if alias != name),
            mine.enrolled,
            "proxy",
        )

    def _burn(self, connection: Connection, code: str, now: float) -> None:
        """Use up the code of whoever it belongs to: typed under another name, it is no secret any more."""
        for row in rows_of(connection):
            if not row.secret or row.revoked is not None:
                continue
            try:
                person, secret = unseal(self._keys, row)
            except StateError:  # somebody edited it: no code of that person counts anyway
                continue
            if (step := codes.matching_step(secret, code, now)) is not None:
                codes.burn(connection, person.name, step)

    def _proved(self, connection: Connection, person: Person | None, code: str, now: float) -> Person | None:
        """The person if the code is theirs and fresh, which uses it up."""
        row = next(
            (row for row in rows_of(connection) if person and canonical(row.name) == canonical(person.name)), None
        )
        if person is None or row is None or not row.secret:
            codes.matching_step(None, code, now)  # so that a name without a secret answers no faster
            return None
        sealed, secret = unseal(self._keys, row)
        step = codes.matching_step(secret, code, now)
        if step is None or not codes.burn(connection, person.name, step):
            return None
        # Sealed anew at every use, so that a former encryption key can go one day.
        reseal(connection, row.name, seal(self._keys, sealed, secret))
        return person if person.source == "file" else sealed

    def _place(self, wanted: Person, connection: Connection) -> Person:
        """The person to enrol: as the file has them, or as wanted where it does not name them."""
        known, key = self._all(connection), canonical(wanted.name)
        person = next((person for person in known if canonical(person.name) == key), None)
        if person and person.enrolled:
            raise StateError(
                f"{person.name} is enrolled already",
                where="people",
                fix=f"adp approvals revoke {person.name}, then add",
            )
        listed = next((person for person in self._listed() if canonical(person.name) == key), None)
        if listed and (wanted.roles or wanted.groups or wanted.aliases):
            raise ConfigError(
                f"what {listed.name} may do stands in the file", where=str(self._file), fix="change it there"
            )
        for other in known:
            for name in (name for name in wanted.names if canonical(other.name) != key):
                if canonical(name) in map(canonical, other.names):
                    raise ConfigError(
                        f"{name!r} can be taken for {other.name!r}", where="people", fix="give another name or alias"
                    )
        if listed:
            return replace(listed, enrolled=True)
        return replace(wanted, roles=wanted.roles or frozenset[Role]({"approver"}), enrolled=True)

    def _all(self, connection: Connection) -> list[Person]:
        rows = {canonical(row.name): row for row in rows_of(connection)}
        people: list[Person] = []
        for person in self._listed():
            row = rows.pop(canonical(person.name), None)
            if row is None or row.revoked is None:
                people.append(replace(person, enrolled=bool(row and row.secret)))
        people += [person_of(row) for row in rows.values() if row.revoked is None]
        return sorted(people, key=lambda person: person.name)

    def _listed(self) -> tuple[Person, ...]:
        """The file's people; parsed again when the file changed."""
        try:
            found = self._file.stat()
        except OSError:
            return read_people(self._file)
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._parsed is None or self._parsed[0] != stamp:
            self._parsed = (stamp, read_people(self._file))
        return self._parsed[1]

    @contextmanager
    def _recorded(self) -> Generator[tuple[Connection, list[Entry]]]:
        """A transaction that ends with the ledger records put into the list. One at a time, in all processes."""
        entries, database = list[Entry](), self._store.database()
        with database.write() as connection:
            database.lock(connection, tables().LEDGER_LOCK)
            yield connection, entries
            head = self._ledger.record(connection, entries)
        self._ledger.anchor(head)


def _named(name: str, people: Iterable[Person]) -> Person | None:
    """By name first: an alias never hides a person of that name."""
    key, found = canonical(name), list(people)
    by_name = (person for person in found if key and canonical(person.name) == key)
    by_alias = (person for person in found if key and key in map(canonical, person.aliases))
    return next(by_name, None) or next(by_alias, None)
