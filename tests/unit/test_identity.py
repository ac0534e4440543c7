"""People prove who they are with codes that count once; nobody gets rights by looking like somebody else."""

from __future__ import annotations

import json
import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pyotp.totp import TOTP

from agents.core.errors import ConfigError, Denied, PlatformError, StateError
from resources.fakes import MemorySecrets
from resources.identity import People
from resources.keys import Keys
from resources.ledger import Ledger
from resources.store import Store

WRONG = "the name or the code is wrong"
LOCKED = "too many wrong codes"


@dataclass
class Office:
    """A deployment with people and a clock that is set by hand."""

    folder: Path
    now: float = 1_800_000_000.0
    secrets: dict[str, str] = field(default_factory=lambda: {"ENCRYPTION_KEY": Fernet.generate_key().decode()})
    role_groups: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.store = Store(f"sqlite:///{self.folder}/store.db")
        self.ledger = Ledger(self.store, self.folder / "ledger.head")
        self.file = self.folder / "approvers.yaml"

    @property
    def people(self) -> People:
        keys = Keys(MemorySecrets(self.secrets), self.folder / "keys")
        return People(self.store, self.file, keys, self.ledger, role_groups=self.role_groups, clock=lambda: self.now)

    def enrol(self, name: str, *, groups: tuple[str, ...] = (), aliases: tuple[str, ...] = ()) -> str:
        return self.people.add(name, groups=groups, aliases=aliases, by="root").secret

    def code(self, secret: str, steps: int = 0) -> str:
        return TOTP(secret).at(int(self.now) + steps * 30)

    def refused(self, name: str, code: str, why: str = WRONG) -> None:
        with pytest.raises(Denied, match=why):
            self.people.verify(name, code)

    def edit(self, statement: str, *values: object) -> None:
        connection = sqlite3.connect(self.folder / "store.db")
        connection.execute(statement, values)
        connection.commit()
        connection.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# Codes


def test_a_code_proves_a_person_with_groups_and_roles(office: Office) -> None:
    secret = office.enrol("anna", groups=("platform",), aliases=("anna@example.org",))
    anna = office.people.verify("Anna@Example.ORG", f" {office.code(secret)[:3]} {office.code(secret)[3:]}")
    assert (anna.name, anna.groups, anna.has("approver"), anna.has("engineer")) == ("anna", {"platform"}, True, False)


def test_a_code_counts_once(office: Office) -> None:
    secret = office.enrol("anna", aliases=("anna@example.org",))
    code = office.code(secret)
    office.people.verify("anna", code)
    for spelling in ("anna", "ANNA", "\u0430nna", "anna@example.org"):
        office.refused(spelling, code)


def test_an_older_code_does_not_count_after_a_newer_one(office: Office) -> None:
    secret = office.enrol("anna")
    before = office.code(secret)
    office.now += 30
    office.people.verify("anna", office.code(secret))
    office.refused("anna", before)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(office: Office, steps: int) -> None:
    secret = office.enrol("anna")
    assert office.people.verify("anna", office.code(secret, steps)).name == "anna"


@pytest.mark.parametrize("steps", [-20, -3, -2, 2, 3, 20])
def test_a_clock_may_not_be_further_off(office: Office, steps: int) -> None:
    secret = office.enrol("anna")
    office.refused("anna", office.code(secret, steps))


def test_another_persons_code_is_wrong(office: Office) -> None:
    office.enrol("anna")
    code = office.code(office.enrol("bert"))
    office.refused("anna", code)


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_is_no_code_is_wrong(office: Office, code: str) -> None:
    office.enrol("anna")
    office.refused("anna", code)


def test_unknown_names_and_wrong_codes_are_told_the_same(office: Office) -> None:
    code = wrong(office.code(office.enrol("anna")))
    office.file.write_text("people: [{name: bert, roles: [approver]}]")  # named, but without an authenticator
    said: set[str] = set()
    for name in ("anna", "bert", "nobody", "", "\u200b"):
        with pytest.raises(Denied) as caught:
            office.people.verify(name, code)
        said.add(str(caught.value))
    assert len(said) == 1


# Guessing


@pytest.mark.parametrize("spellings", [("anna",), ("anna", "ANNA", "\u0430nna", "anna@example.org", " anna")])
def test_five_wrong_codes_lock_a_name_under_all_spellings(office: Office, spellings: tuple[str, ...]) -> None:
    secret = office.enrol("anna", aliases=("anna@example.org",))
    for turn in range(5):
        office.refused(spellings[turn % len(spellings)], wrong(office.code(secret)))
    office.refused("anna", office.code(secret), LOCKED)
    office.now += 14 * 60
    office.refused("anna", office.code(secret), LOCKED)
    office.now += 61
    assert office.people.verify("anna", office.code(secret)).name == "anna"


def test_a_name_that_does_not_exist_locks_just_the_same(office: Office) -> None:
    for _ in range(5):
        office.refused("nobody", "123456")
    office.refused("nobody", "123456", LOCKED)


def test_wrong_codes_of_one_do_not_lock_another(office: Office) -> None:
    office.enrol("anna")
    secret = office.enrol("bert")
    for _ in range(6):
        with pytest.raises(Denied):
            office.people.verify("anna", "000001")
    assert office.people.verify("bert", office.code(secret)).name == "bert"


def test_wrong_codes_are_forgotten_after_a_while_and_after_a_right_one(office: Office) -> None:
    secret = office.enrol("anna")
    for _ in range(3):
        for _ in range(4):
            office.refused("anna", wrong(office.code(secret)))
        office.now += 15 * 60 + 1
    for _ in range(4):
        office.refused("anna", wrong(office.code(secret)))
    office.people.verify("anna", office.code(secret))
    office.refused("anna", wrong(office.code(secret)))


# Names


def test_look_alikes_cannot_be_enrolled_beside_each_other(office: Office) -> None:
    office.enrol("anna", aliases=("anna@example.org",))
    for name in ("ANNA@example.org", "ａnna@example.org"):
        with pytest.raises(ConfigError, match="can be taken for 'anna'"):
            office.enrol(name)
    with pytest.raises(ConfigError, match="can be taken for 'anna'"):
        office.enrol("bert", aliases=("\u0430nna",))
    with pytest.raises(StateError, match="enrolled already"):
        office.enrol("\u0430nna")


def test_a_second_spelling_is_the_same_person(office: Office) -> None:
    office.file.write_text("people: [{name: bert@example.org, roles: [approver], aliases: [bb, CORP-bb]}]")
    office.enrol("anna", aliases=("anna@example.org", "a.berg"))
    same = office.people.same
    assert all(same("anna", other) for other in ("ANNA ", "A.Berg", "a.berg@example.org", "\u0430nna", "anna+x@a.b"))
    assert all(same(one, other) for one in ("BB", "bert", "corp-bb") for other in ("bert@example.org", "b b"))
    assert not same("anna", "bert")
    office.people.revoke("anna", "root")
    assert same("a.berg", "anna@example.org")


def test_a_look_alike_at_the_proxy_gets_nothing_of_somebody(office: Office) -> None:
    office.file.write_text("people: [{name: anna@example.org, roles: [admin], groups: [platform], aliases: [anna]}]")
    proxy = office.people.from_proxy
    assert proxy("Anna@Example.org", []).roles == {"admin"}
    for name in ("\u0430nna@example.org", "ａnna@example.org", "an\u200bna", "änna", "anna@example.org.evil"):
        person = proxy(name, [])
        assert (person.roles, person.groups, person.source) == ({"viewer"}, frozenset(), "proxy")
    assert office.people.same("\u0430nna@example.org", "anna")


def test_groups_of_the_proxy_give_roles(tmp_path: Path) -> None:
    office = Office(tmp_path, role_groups={"engineer": "data-eng", "approver": "release"})
    assert office.people.from_proxy("x", ["data-eng", "other"]).roles == {"engineer"}
    assert office.people.from_proxy("x", ["data-eng", "release"]).roles == {"engineer", "approver"}
    assert office.people.from_proxy("x", ["DATA-ENG"]).roles == {"viewer"}
    with pytest.raises(Denied):
        office.people.from_proxy("  ", ["data-eng"])
    with pytest.raises(ConfigError, match="unknown role 'boss'"):
        _ = Office(tmp_path, role_groups={"boss": "x"}).people


# Revoking


def test_a_revoked_person_has_no_rights_whatever_the_file_or_the_proxy_says(tmp_path: Path) -> None:
    office = Office(tmp_path, role_groups={"admin": "admins"})
    office.file.write_text("people: [{name: anna, roles: [approver]}]")
    old = office.enrol("anna")
    office.people.revoke("Anna", "root")
    assert office.people.find("anna") is None
    assert office.people.all() == []
    assert office.people.from_proxy("anna", ["admins"]).roles == frozenset()
    office.refused("anna", office.code(old))
    new = office.enrol("anna")
    office.refused("anna", office.code(old))
    assert office.people.verify("anna", office.code(new)).source == "file"
    with pytest.raises(StateError, match="nobody of that name"):
        office.people.revoke("nobody", "root")


def test_rights_of_the_file_are_changed_in_the_file_alone(office: Office) -> None:
    office.file.write_text("people: [{name: anna, roles: [approver], groups: [platform]}]")
    with pytest.raises(ConfigError, match="stands in the file"):
        office.people.add("anna", roles=["admin"], by="root")
    secret = office.enrol("anna")
    office.file.write_text("people: [{name: anna, roles: [viewer]}]")
    assert office.people.verify("anna", office.code(secret)).roles == {"viewer"}
    office.file.write_text("people: [{name: anna, roles: [wizard]}]")
    for use in (lambda: office.people.verify("anna", "123456"), lambda: office.people.find("anna")):
        with pytest.raises(ConfigError, match=r"approvers\.yaml:1"):
            use()


# The store's rows, and secrets


def test_a_row_edited_or_copied_in_the_database_is_refused(office: Office) -> None:
    secret, other = office.enrol("anna", groups=("platform",)), office.enrol("bert")
    office.edit("UPDATE people SET roles='[\"admin\"]' WHERE name='bert'")
    with pytest.raises(StateError, match="changed outside"):
        office.people.verify("bert", office.code(other))
    with pytest.raises(StateError, match="changed outside"):
        office.people.from_proxy("bert", [])
    office.edit("UPDATE people SET secret=(SELECT secret FROM people WHERE name='bert') WHERE name='anna'")
    with pytest.raises(StateError, match="changed outside"):
        office.people.verify("anna", office.code(other))
    office.refused("anna2", office.code(secret))


def test_a_replaced_encryption_key_keeps_people_and_can_drop_the_old_one(office: Office) -> None:
    secret, old = office.enrol("anna"), office.secrets["ENCRYPTION_KEY"]
    new = Fernet.generate_key().decode()
    office.secrets["ENCRYPTION_KEY"] = new
    with pytest.raises(StateError, match="does not open"):
        office.people.verify("anna", office.code(secret))
    office.secrets["ENCRYPTION_KEY"] = f"{new},{old}"
    office.people.verify("anna", office.code(secret))
    office.secrets["ENCRYPTION_KEY"] = new
    office.now += 30
    assert office.people.verify("anna", office.code(secret)).name == "anna"
    office.secrets.clear()
    with pytest.raises(ConfigError, match="no encryption key"):
        office.people.verify("anna", office.code(secret))


def test_secrets_and_codes_stay_out_of_everything(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = office.people.add("anna", by="root")
    codes = [office.code(made.secret), wrong(office.code(made.secret))]
    said = [repr(made), repr(office.people.all())]
    office.people.verify("anna", codes[0])
    for name, code in [("anna", codes[0]), ("anna", codes[1]), ("typed-by-mistake", codes[1]), (codes[1], "x")]:
        try:
            office.people.verify(name, code)
        except PlatformError as error:
            said.append(f"{error!r} {error} {vars(error)}")
    records = [record.entry for record in office.ledger.records()]
    assert [entry.what for entry in records] == ["enrolled", "signed with a code", "wrong code", "wrong code"]
    office.store.close()
    kept = b"".join(path.read_bytes() for path in office.folder.iterdir() if path.is_file()).decode("utf-8", "replace")
    for secret in (made.secret, made.uri, *codes, "typed-by-mistake"):
        assert secret not in kept + json.dumps(said) + caplog.text + repr(records)


def test_enrolment_and_lock_out_are_on_record(office: Office) -> None:
    secret = office.enrol("anna", groups=("platform",))
    for _ in range(7):
        with pytest.raises(Denied):
            office.people.verify("anna", wrong(office.code(secret)))
    office.people.revoke("anna", "ops")
    found = [(record.entry.who, record.entry.what) for record in office.ledger.records(subject="anna")]
    assert found == [
        ("root", "enrolled"),
        *[("", "wrong code")] * 4,
        ("", "locked out after wrong codes"),
        ("ops", "revoked"),
    ]
    assert office.ledger.verify().ok


def test_a_code_typed_under_another_name_is_used_up(tmp_path: Path) -> None:
    office = Office(tmp_path)
    anna, _ = office.enrol("anna"), office.enrol("ben")
    code = office.code(anna)
    office.refused("ben", code)
    office.refused("anna", code)
    assert office.people.verify("anna", office.code(anna, 1)).name == "anna"


def test_a_code_typed_under_a_locked_name_is_used_up_too(tmp_path: Path) -> None:
    office = Office(tmp_path)
    anna, ben = office.enrol("anna"), office.enrol("ben")
    for _ in range(5):
        office.refused("ben", wrong(office.code(ben)))
    office.refused("ben", office.code(anna), LOCKED)
    office.refused("anna", office.code(anna))


def test_a_file_that_appears_later_is_in_force_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    keys = Keys(MemorySecrets(office.secrets), tmp_path / "keys")
    people = People(office.store, tmp_path / "project.yaml", keys, office.ledger, otherwise=office.file)
    office.file.write_text("people:\n  - {name: anna, roles: [approver]}\n")
    assert [person.name for person in people.all()] == ["anna"]
    (tmp_path / "project.yaml").write_text("people:\n  - {name: ben, roles: [viewer]}\n")
    assert [person.name for person in people.all()] == ["ben"]
    (tmp_path / "project.yaml").write_text("people: [\n")
    with pytest.raises(ConfigError):
        people.all()
