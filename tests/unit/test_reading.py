"""`adp read`, `adp access`, `adp masking`: masked by default, in clear text with a grant, and always recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from agents.core.catalog import TableId
from agents.core.errors import (
    ApprovalRequired,
    ConfigError,
    Denied,
    LakeError,
    PlatformError,
    StateError,
    TableNotFound,
)
from agents.tools.evidence import Known, card_of
from platform_defs.commands import reading
from resources.platform import Platform
from resources.settings import load_settings

SPECS = """
type: platform_defs.DataProduct
attributes:
  name: crm
  tables:
    - name: people
      layer: silver
      source: {connection: crm, table: people}
      columns: {email: {pii: EMAIL_ADDRESS}, city: {pii: none}, n: {pii: none}}
    - {name: people, layer: masked, masked: {source: silver/people, columns: {email: {method: partial, last: 3}}}}
"""
PEOPLE = """
people:
  - {name: ben, groups: [governance], roles: [approver]}
  - {name: anna, groups: [platform], roles: [approver]}
"""
ROWS = [{"email": f"p{n}@x.org", "city": "Bonn", "n": n} for n in range(50)]
TABLE = TableId("dev", "silver", "people")


@dataclass
class Desk:
    """A deployment in a folder, and its command line."""

    folder: Path

    def adp(self, *arguments: str) -> Result:
        app = typer.Typer()
        reading.register(app)
        result = CliRunner().invoke(app, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def read(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.adp("read", *arguments, "--json").stdout)

    @property
    def platform(self) -> Platform:
        return Platform.of(load_settings())

    def approve(self, request: str, name: str = "ben") -> None:
        platform = self.platform
        person = platform.people.find(name)
        assert person is not None
        platform.approvals.decide(request, "approve", person)

    def readings(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [(r.entry.who, r.entry.subject, dict(r.entry.facts)) for r in self.platform.ledger.records(kind="read")]

    def asked(self, *more: str) -> str:
        arguments = ("access", "request", "silver/people", "--reason", "complaint 4711", *more, "--json")
        return str(json.loads(self.adp(*arguments).stdout)["request"])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    import pyarrow as pa

    for name, value in {"STATE": tmp_path / "state", "SPECS": tmp_path / "specs", "LOCAL_USER": "carl"}.items():
        monkeypatch.setenv(f"ADP_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "approvers.yaml").write_text(PEOPLE)
    (tmp_path / "specs" / "crm").mkdir(parents=True)
    (tmp_path / "specs" / "crm" / "defs.yaml").write_text(SPECS)
    made = Desk(tmp_path)
    made.platform.keys.create()
    made.platform.lake.overwrite(TABLE, pa.Table.from_pylist(ROWS))
    made.adp("masking", "new-key")
    return made


def test_rows_are_masked_on_their_way_where_there_is_no_view(desk: Desk) -> None:
    found = desk.read("silver/people", "--limit", "3")
    assert found["masked"] == ["email"]
    assert [row["n"] for row in found["rows"]] == [0, 1, 2]
    assert "@" not in str(found)
    assert desk.readings() == []
    shown = desk.adp("read", "silver/people", "--limit", "2", "--columns", "n,city", "--csv").stdout
    assert shown == "city,n\nBonn,0\nBonn,1\n"


def test_the_masked_view_is_read_where_there_is_one(desk: Desk) -> None:
    import pyarrow as pa

    view = TableId("dev", "masked", "people")
    desk.platform.lake.overwrite(view, pa.table({"email": ["***org"], "city": ["Bonn"]}))
    found = desk.read("silver/people")
    assert (found["asset"], found["rows"]) == ("dev/masked/people", [{"email": "***org", "city": "Bonn"}])
    assert desk.read("masked/people")["rows"] == found["rows"]


def test_columns_nobody_described_are_looked_at(desk: Desk) -> None:
    import pyarrow as pa

    mails = [f"somebody{n}@example.org" for n in range(40)]
    desk.platform.lake.overwrite(TableId("dev", "bronze", "raw"), pa.table({"m": mails, "colour": ["red"] * 40}))
    found = desk.read("bronze/raw", "--limit", "2")
    assert found["masked"] == ["m"]
    assert [row["colour"] for row in found["rows"]] == ["red", "red"]
    assert "@" not in str(found)


def test_clear_text_needs_a_grant_of_governance_and_is_recorded(desk: Desk) -> None:
    with pytest.raises(ApprovalRequired, match="carl may not read email in clear text") as told:
        desk.read("silver/people", "--raw")
    assert "adp access request silver/people -e dev" in str(told.value)
    assert "one approval, from governance" in str(told.value)
    request = desk.asked()
    assert desk.asked() == request, "asking again joins the request that waits"
    with pytest.raises(Denied, match="anna is not in governance"):
        desk.approve(request, "anna")
    with pytest.raises(ApprovalRequired):
        desk.read("silver/people", "--raw")
    assert desk.readings() == []
    desk.approve(request)
    found = desk.read("silver/people", "--raw", "--limit", "7")
    assert found["clear"] == ["email"]
    assert found["rows"] == ROWS[:7]
    ((who, subject, facts),) = desk.readings()
    assert (who, subject) == ("carl", "dev/silver/people")
    assert (facts["columns"], facts["rows"], facts["request"]) == (["email"], 7, request)
    assert "@" not in str(facts)
    assert desk.platform.ledger.verify().ok


def test_columns_without_personal_data_need_nobody(desk: Desk) -> None:
    found = desk.read("silver/people", "--raw", "--columns", "city,n", "--limit", "1")
    assert found["rows"] == [{"city": "Bonn", "n": 0}]
    assert desk.readings() == []


def test_who_decides_sees_what_would_be_read_and_what_for(desk: Desk) -> None:
    platform = desk.platform
    card = card_of(platform, platform.approvals.request(desk.asked("--columns", "email")), known=Known())
    for said in ("carl", "dev/silver/people", "email", "complaint 4711", "8 hours", "1 approval** of `governance`"):
        assert said in card
    assert "not known" not in card


def test_a_grant_is_for_its_person_table_columns_and_hours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.approve(desk.asked("--columns", "city"))
    with pytest.raises(ApprovalRequired):
        desk.read("silver/people", "--raw")
    desk.approve(desk.asked("--hours", "0.0001"))
    granted = json.loads(desk.adp("access", "list", "--json").stdout)
    assert {one["state"] for one in granted} == {"granted"}
    (short,) = [one for one in granted if one["hours"] == 0.0001]
    clock = desk.platform.approvals.request(short["request"]).expires
    assert clock - desk.platform.approvals.request(short["request"]).decisions[0].at < 1
    desk.approve(desk.asked("--hours", "2"))
    assert desk.read("silver/people", "--raw")["clear"] == ["email"]
    monkeypatch.setenv("ADP_LOCAL_USER", "dora")
    with pytest.raises(ApprovalRequired, match="dora may not read"):
        desk.read("silver/people", "--raw")


def test_a_permission_is_given_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    request = desk.asked()
    desk.approve(request)
    assert "complaint 4711" in desk.adp("access", "list").stdout
    monkeypatch.setenv("ADP_LOCAL_USER", "dora")
    with pytest.raises(Denied, match="dora was not granted this"):
        desk.adp("access", "revoke", request)
    monkeypatch.setenv("ADP_LOCAL_USER", "carl")
    assert "revoked" in desk.adp("access", "revoke", request, "--note", "done").stdout
    with pytest.raises(ApprovalRequired):
        desk.read("silver/people", "--raw")
    assert "nobody asked" in desk.adp("access", "list").stdout
    assert "revoked" in desk.adp("access", "list", "--all").stdout
    withdrawn = desk.asked()
    assert "cancelled" in desk.adp("access", "revoke", withdrawn).stdout


def test_the_requester_does_not_grant_it_to_themselves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADP_LOCAL_USER", "ben")
    with pytest.raises(Denied, match="nobody approves their own request"):
        desk.approve(desk.asked())


def test_a_token_opens_for_who_may_read_its_column(desk: Desk) -> None:
    import pyarrow as pa

    from assets.kinds.masking import masker
    from assets.kinds.spec import Mask

    token = masker(Mask("tokenise"), desk.platform.masking_keys)(pa.array(["p1@x.org"]))[0].as_py()
    asked = ("masking", "open", token, "--asset", "silver/people", "--column", "email")
    with pytest.raises(ApprovalRequired):
        desk.adp(*asked)
    desk.approve(desk.asked())
    desk.adp("masking", "new-key")
    assert desk.adp(*asked).stdout == "p1@x.org\n"
    ((_, _, facts),) = desk.readings()
    assert (facts["columns"], facts["rows"]) == (["email"], 1)


def test_a_new_key_is_a_file_of_its_owner(desk: Desk) -> None:
    file = desk.folder / "state" / "secrets" / "MASKING_KEY"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    desk.adp("masking", "new-key")
    assert file.read_text().startswith(before)
    assert desk.platform.masking_keys.version() == 2
    shown = desk.adp("masking", "new-key", "--name", "OTHER", "--show").stdout
    assert shown.startswith("1:")
    assert not (file.parent / "OTHER").exists()
    assert shown.strip()[2:] not in str(list(desk.platform.ledger.records()))


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (("read", "silver/nobody"), TableNotFound, "no data yet"),
        (("read", "silver/people", "--columns", "mail"), LakeError, "no column mail"),
        (("access", "request", "silver/people", "--reason", " "), ConfigError, "says what for"),
        (("access", "request", "silver/people", "--reason", "x", "--hours", "0"), ConfigError, "too many or too few"),
        (("access", "revoke", "AR-000099"), StateError, "AR-000099"),
    ],
)
def test_wrong_use_is_told(desk: Desk, arguments: tuple[str, ...], kind: type[PlatformError], said: str) -> None:
    with pytest.raises(kind, match=said):
        desk.adp(*arguments)


@pytest.mark.parametrize("asset", ["people", "nolayer/people", "silver/", "silver/a/b"])
def test_what_is_no_table_is_wrong_use(desk: Desk, asset: str) -> None:
    assert desk.adp("read", asset).exit_code == 2


@pytest.mark.parametrize("side", ["quarantine/silver_people", "quarantine/silver_people.log"])
def test_what_lies_in_quarantine_or_log_is_read_as_its_table_is(desk: Desk, side: str) -> None:
    import pyarrow as pa

    lines = [json.dumps({"email": f"p{n}@x.org", "city": "Bonn", "n": n, "new": f"q{n}@x.org"}) for n in range(3)]
    desk.platform.lake.overwrite(
        TableId("dev", *side.split("/", 1)),
        pa.table({"_rule": ["r"] * 3, "row": lines, "after": [None, lines[0], ""], "_watermark": ["p1@x.org"] * 3}),
    )
    masked = desk.read(side)
    assert masked["masked"] == ["row", "after", "_watermark"]
    assert json.loads(masked["rows"][0]["row"]) == {"email": "a9@a.aaa", "city": "Aaaa", "n": "9", "new": "a9@a.aaa"}
    assert "@x.org" not in str(masked)
    assert desk.read(side, "--raw", "--columns", "_rule", "--limit", "1")["rows"] == [{"_rule": "r"}]
    with pytest.raises(ApprovalRequired, match="carl may not read email, new in clear text"):
        desk.read(side, "--raw")
    assert desk.readings() == []
    arguments = ("access", "request", side, "--reason", "complaint 4711", "--json")
    desk.approve(str(json.loads(desk.adp(*arguments).stdout)["request"]))
    assert desk.read(side, "--raw")["rows"][0]["row"] == lines[0]
    assert desk.read("silver/people", "--raw")["clear"] == ["email"], "who may read one may read the other"
    assert {(subject, *facts["columns"]) for _, subject, facts in desk.readings()} == {
        (f"dev/{side}", "email", "new"),
        ("dev/silver/people", "email"),
    }


def test_a_view_of_a_quarantine_shows_no_row(desk: Desk) -> None:
    import pyarrow as pa

    from assets.kinds.masking.view import masked_rows
    from assets.kinds.spec import Masked

    held = TableId("dev", "quarantine", "silver_people")
    desk.platform.lake.overwrite(held, pa.table({"_rule": ["r"], "row": ['{"name": "Ada"}'], "_batch": ["b"]}))
    rows = masked_rows(desk.platform, held, Masked(held.asset), {}, "view").rows.read_all()
    assert "Ada" not in str(rows.to_pylist())
