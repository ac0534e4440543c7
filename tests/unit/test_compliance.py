"""Compliance: every control is computed; a gap names its fix, and closing it closes the gap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ConfigError
from agents.tools.governing.compliance import Assessment, assess, load_packs, pack_named
from agents.tools.governing.compliance.reports import html, markdown
from tests.unit.governance_stage import Stage

PRODUCT = """
    - name: clients
      layer: bronze
      source: {connection: shop, table: clients}
      %s
"""
WHOLE = """description: Clients of the shop
      owners: [team:crm]
      columns: {id: {pii: none}, email: {pii: EMAIL_ADDRESS, confidence: 0.99}, made_at: {pii: none}}
      retention: {column: made_at, keep_days: 400}
      rules: [{type: expect_column_values_to_not_be_null, kwargs: {column: id}, meta: {action: alert}}]
    - name: clients
      layer: masked
      masked: {source: bronze/clients}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.deployment.product(PRODUCT % "")
    moments = pa.array([datetime.now(UTC) - timedelta(days=days) for days in (1, 500)], pa.timestamp("us", "UTC"))
    rows = pa.table({"id": [1, 2], "email": ["a@x.org", "b@x.org"], "made_at": moments})
    made.platform.lake.append(TableId("dev", "bronze", "clients"), rows)
    return made


def gaps(stage: Stage, regulation: str = "gdpr", table: str = "dev/bronze/clients") -> dict[str, str]:
    found = held_against(stage, regulation)
    return {finding.control: finding.fix for finding in found.gaps if finding.subject == table}


def held_against(stage: Stage, regulation: str) -> Assessment:
    return assess(stage.platform, [pack_named(load_packs(), regulation)])[0]


def test_a_table_nobody_looked_at_has_gaps_and_each_says_what_to_do(stage: Stage) -> None:
    found = gaps(stage)
    assert found["gdpr-30"] == 'adp goal "Scan bronze/clients for PII"'
    assert {"gdpr-5-1-c", "gdpr-5-1-e", "gdpr-24", "gdpr-5-1-d"} <= set(found)
    assert all(found.values())


def test_what_is_declared_and_done_closes_the_gaps(stage: Stage) -> None:
    stage.deployment.product(PRODUCT % WHOLE)
    assert set(gaps(stage)) == {"gdpr-5-1-c", "gdpr-5-1-e-kept"}, "a row is late, and no masked view is there yet"
    stage.platform.lake.append(TableId("dev", "masked", "clients"), pa.table({"id": [1]}))
    stage.act("expire", approved=True, asset="bronze/clients", before=_before(400))
    assert gaps(stage) == {}


def test_hipaa_asks_for_six_years_before_anything_is_deleted(stage: Stage) -> None:
    stage.deployment.product(PRODUCT % WHOLE.replace("keep_days: 400", "keep_days: 400, then: delete"))
    assert "2190" in gaps(stage, "hipaa")["hipaa-retention"]


def test_the_platform_answers_too(stage: Stage) -> None:
    stage.platform.ledger.append("goal", "ada@example.com", "submitted")
    found = {f.control: f for f in held_against(stage, "SOC 2").findings if f.subject == "platform"}
    assert found["soc2-cc8-1"].holds
    assert found["soc2-cc7-2"].holds
    assert found["soc2-cc6-3"].holds is False
    assert found["soc2-cc6-1-rest"].holds is None


def test_a_weaker_policy_shows(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "all.cedar").write_text('@id("everything") permit (principal, action, resource);')
    weak = replace(stage.platform.settings, policies=folder)
    found = assess(type(stage.platform).of(weak, {}), [pack_named(load_packs(folder), "gdpr")])[0]
    assert {f.control for f in found.gaps if f.subject == "platform"} >= {"gdpr-25-policy", "gdpr-32-delete"}


def test_a_report_holds_every_finding_and_no_value(stage: Stage) -> None:
    found = [held_against(stage, name) for name in load_packs()]
    page, text = html(found), markdown(found)
    assert page.count("<tr>") == sum(len(one.findings) + 1 for one in found)
    assert "Art. 5(1)(e)" in text
    assert "a@x.org" not in page + text + json.dumps([one.to_json() for one in found])


def test_in_the_ui_it_leads_to_tables_and_inbox_and_says_for_which_tables_a_control_holds(stage: Stage) -> None:
    stage.deployment.product(PRODUCT % WHOLE)
    text = markdown([held_against(stage, "gdpr")], links=True)
    assert "| [dev/bronze/clients](/assets/dev/bronze/clients) |" in text
    assert "approve in [platform/approvals](/assets/platform/approvals)" in text
    holds = text.partition("### What holds")[2]
    assert "| [dev/bronze/clients](/assets/dev/bronze/clients) | 400 days by made_at |" in holds
    assert "0 people erased" in holds


def test_a_goal_reports_gaps(stage: Stage) -> None:
    out = stage.act("comply", regulation="GDPR")
    assert out["gaps"] >= 4
    with pytest.raises(ConfigError, match="no pack"):
        stage.act("comply", regulation="SOX")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: X\ntitle: x\ncontrols: [{id: a, reference: r, title: t, scope: all, check: wished}]", "no check"),
        ("name: X\ntitle: x\ncontrols: [{id: a}]", "reference"),
        ("- a", "key: value"),
    ],
)
def test_a_pack_that_asks_for_what_nobody_computes_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "compliance").mkdir()
    (tmp_path / "compliance" / "x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_packs(tmp_path)


def _before(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
