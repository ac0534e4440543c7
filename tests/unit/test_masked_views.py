"""Masked views as assets: made from their base, checked, and sound when the base, the key or the spec changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from agents.core.catalog import TableId
from assets.kinds.tables import DIGEST
from platform_defs.definitions import products
from resources.masking_keys import with_new_version
from resources.personal import PersonalData
from resources.platform import Platform
from tests.unit.product_runs import Deployment, Run

BASE = """
    - name: people
      layer: silver
      sql: {sql}
      columns:
        email: {{pii: EMAIL_ADDRESS}}
        city: {{pii: none}}
        born: {{pii: DATE_OF_BIRTH}}
"""
ROWS = "SELECT * FROM (VALUES ('ann@x.org', 'Bonn', DATE '1984-05-06', 1), ('bob@x.org', 'Bonn', DATE '1990-01-02', 2))"
SQL = f'"{ROWS} AS t(email, city, born, n)"'
VIEW = """
    - name: people
      layer: masked
      masked: {masked}
"""
PEOPLE, MASKED = TableId("dev", "silver", "people"), TableId("dev", "masked", "people")


class Finder(PersonalData):
    """Finds what has an @ in it."""

    def columns(self, rows: pa.Table | pads.Dataset) -> Mapping[str, str]:
        table = rows if isinstance(rows, pa.Table) else rows.to_table()
        return {
            name: "EMAIL_ADDRESS" if any("@" in str(value) for value in table[name].to_pylist()) else ""
            for name in table.column_names
        }

    def spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int, str]]]:
        return [[(0, len(text), "EMAIL_ADDRESS")] if "@" in text else [] for text in texts]


@dataclass
class Site(Deployment):
    """A deployment with a masking key and, where wanted, a scanner."""

    finder: PersonalData | None = None
    secret: str = field(default=with_new_version(None, "MASKING_KEY"), repr=False)

    def definitions(self) -> dg.Definitions:
        env = {"ADP_SECRET_MASKING_KEY": self.secret} if self.secret else {}
        platform = Platform(self.settings, "", env, self.finder)
        return dg.Definitions.merge(products(self.settings), dg.Definitions(resources={"platform": platform}))

    def write(self, masked: str, sql: str = SQL, more: str = "") -> None:
        self.product(BASE.format(sql=sql) + VIEW.format(masked=masked) + more)

    def made(self, masked: str, sql: str = SQL) -> Run:
        self.write(masked, sql)
        assert self.run("dev/silver/people").success
        return self.run("dev/masked/people")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_view_masks_what_it_names_and_what_is_known(site: Site) -> None:
    run = site.made("{source: silver/people, columns: {n: {method: generalise, granularity: 10}}, drop: []}")
    assert run.success
    rows = site.table("masked/people").to_pylist()
    assert [row["city"] for row in rows] == ["Bonn", "Bonn"]
    assert [row["born"].isoformat() for row in rows] == ["1984-01-01", "1990-01-01"]
    assert [row["n"] for row in rows] == [0, 0]
    assert len({row["email"] for row in rows}) == 2
    assert all(len(row["email"]) == 32 for row in rows)
    shown = run.metadata["dev/masked/people"]
    assert "| email | hash | EMAIL_ADDRESS | the default of its type |" in shown["masking"]
    assert shown["masking keys"] == "MASKING_KEY version 1"
    lineage = shown["dagster/column_lineage"].deps_by_column
    assert lineage["email"] == [dg.TableColumnDep(dg.AssetKey([*PEOPLE]), "email")]
    assert "ann@" not in str(shown)


def test_joins_survive_masking(site: Site) -> None:
    letters = "SELECT 'ann@x.org' AS receiver, 1 AS n"
    more = f"""
    - {{name: letters, layer: silver, sql: "{letters}", columns: {{receiver: {{pii: EMAIL_ADDRESS}}}}}}
    - {{name: letters, layer: masked, masked: {{source: silver/letters, columns: {{n: {{method: keep}}}}}}}}
"""
    site.write("{source: silver/people}", more=more)
    assets = ("dev/silver/people", "dev/silver/letters", "dev/masked/people", "dev/masked/letters")
    assert site.run(*assets).success
    (receiver,) = site.table("masked/letters")["receiver"].to_pylist()
    assert receiver in site.table("masked/people")["email"].to_pylist()


def test_a_column_nobody_described_is_hidden_or_looked_at(site: Site) -> None:
    sql = "\"SELECT 'ann@x.org' AS contact, 'red' AS colour, 5 AS n, ['bob@x.org'] AS others\""
    assert site.made("{source: silver/people}", sql).success
    assert site.table("masked/people").to_pylist() == [
        {"contact": "[redacted]", "colour": "[redacted]", "n": None, "others": None}
    ]
    site.finder = Finder()
    assert site.run("dev/masked/people").success
    (row,) = site.table("masked/people").to_pylist()
    assert (row["colour"], row["n"]) == ("red", 5)
    assert "@" not in str(row)


def test_a_new_column_of_the_base_does_not_leak_and_a_lost_one_is_told(site: Site) -> None:
    view = "{source: silver/people, columns: {email: {method: partial, last: 2}, n: {method: keep}}, drop: [city]}"
    assert site.made(view).success
    changed = "\"SELECT 'ann@x.org' AS mail, 7 AS n\""
    run = site.made(view, changed)
    assert run.success
    assert site.table("masked/people").to_pylist() == [{"mail": "[redacted]", "n": 7}]
    warned = run.metadata["dev/masked/people"]["warnings"]
    assert "email is named by the view and no column of silver/people" in warned
    assert "city is named by the view" in warned


def test_a_base_whose_column_changes_its_type_is_masked_all_the_same(site: Site) -> None:
    assert site.made("{source: silver/people, columns: {n: {method: hash}}}").success
    before = site.table("masked/people")["n"].to_pylist()
    text = SQL.replace("1), (", "'1'), (").replace("2))", "'2'))")
    assert site.made("{source: silver/people, columns: {n: {method: hash}}}", text).success
    assert site.table("masked/people")["n"].to_pylist() == before


def test_without_a_key_nothing_is_written(site: Site) -> None:
    site.secret = ""
    run = site.made("{source: silver/people}")
    assert not run.success
    assert "there is no key to mask with" in str(run.failures)
    assert "adp masking new-key" in str(run.failures)
    assert not site.lake.exists(MASKED)


def test_a_rotated_key_makes_the_view_anew_as_a_whole(site: Site) -> None:
    assert site.made("{source: silver/people}").success
    before, mark = site.table("masked/people")["email"].to_pylist(), site.lake.marks(MASKED)["masks"]
    assert site.run("dev/masked/people").success
    assert site.table("masked/people")["email"].to_pylist() == before
    assert site.lake.marks(MASKED)["masks"] == mark
    site.secret = with_new_version(site.secret, "MASKING_KEY")
    run = site.run("dev/masked/people")
    assert run.metadata["dev/masked/people"]["masking keys"] == "MASKING_KEY version 2"
    assert set(before).isdisjoint(site.table("masked/people")["email"].to_pylist())
    assert site.lake.marks(MASKED)["masks"] != mark


def test_a_view_in_which_somebody_stands_out_is_not_published(site: Site) -> None:
    view = "{source: silver/people, columns: {n: {method: keep}}, k_anonymity: {columns: [%s], k: 2}}"
    run = site.made(view % "city")
    assert run.checks["k_anonymity"].passed
    run = site.made(view % "born")
    assert not run.success
    assert not run.checks["k_anonymity"].passed
    assert "at least 2 rows: broken by 2 of 2 rows" in str(run.checks["k_anonymity"].description)
    assert "1984" not in str(run.checks["k_anonymity"].metadata)
    assert "version 0 is restored" in str(run.failures)
    run = site.made("{source: silver/people, k_anonymity: {columns: [street], k: 2}}")
    assert "k_anonymity street is no column" in str(run.failures)


def test_a_view_without_its_base_or_without_columns_says_so(site: Site) -> None:
    site.write("{source: silver/people}")
    assert "dev/silver/people has no data yet" in str(site.run("dev/masked/people").failures)
    run = site.made("{source: silver/people, drop: [email, city, born, n]}")
    assert "the view drops every column" in str(run.failures)


def test_a_view_refreshes_after_its_base_and_is_approved_by_what_it_masks(site: Site) -> None:
    site.write("{source: silver/people}")
    graph = site.definitions().get_repository_def().asset_graph
    node = graph.get(dg.AssetKey([*MASKED]))
    assert node.parent_keys == {dg.AssetKey([*PEOPLE])}
    assert node.automation_condition is not None
    assert {"dagster/kind/masked", "dagster/kind/delta"} <= node.tags.keys()
    site.write("{source: silver/people, columns: {city: {method: redact}}}")
    changed = site.definitions().get_repository_def().asset_graph.get(dg.AssetKey([*MASKED]))
    assert changed.metadata[DIGEST] != node.metadata[DIGEST]
    assert changed.code_version != node.code_version


def test_quality_rules_hold_for_views_too(site: Site) -> None:
    rule: Any = "{type: expect_column_values_to_be_unique, kwargs: {column: email}, meta: {action: block}}"
    site.product(BASE.format(sql=SQL) + VIEW.format(masked="{source: silver/people}") + f"      rules: [{rule}]\n")
    assert site.run("dev/silver/people").success
    assert site.run("dev/masked/people").checks["unique_email"].passed
