"""`adp quality docs`: pages that open without a network, hold every verdict, and no personal value."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from resources.lake import Lake

pytest.importorskip("great_expectations", reason="Great Expectations is not installed (extra: quality)")
SPEC = r"""
type: platform_defs.DataProduct
attributes:
  name: shop
  tables:
    - name: orders
      layer: silver
      sql: SELECT 1 AS id
      rules:
        - {type: expect_column_values_to_be_unique, kwargs: {column: id}}
        - {type: expect_column_values_to_match_regex, kwargs: {column: mail, regex: '^[^@]+@[^@]+$'}}
        - {type: expect_column_values_to_not_be_null, kwargs: {column: gone}}
        - {type: expect_column_values_to_not_be_null, kwargs: {column: '<img src=x onerror=alert(1)>'}}
        - {type: expect_column_values_to_be_increasing, kwargs: {column: id}}
    - name: clean
      layer: gold
      sql: SELECT 1 AS id
      columns: {born: {pii: DATE_OF_BIRTH}}
      rules:
        - {type: expect_column_values_to_be_unique, kwargs: {column: id}}
        - {type: expect_column_values_to_be_between, kwargs: {column: born, max_value: 1900}}
        - type: expect_column_values_to_be_between
          kwargs: {column: id, min_value: 2, row_condition: 'born < 1900 or id in [33, 44]', condition_parser: pandas}
        - type: expect_column_values_to_not_be_null
          kwargs:
            column: id
            row_condition: {type: comparison, column: {name: id}, operator: '!=', parameter: 55}
"""
ORDERS = pa.table(
    {
        "id": [1, 2, 2],
        "mail": ["mia at x.org", "bo@x.org", None],
        "<img src=x onerror=alert(1)>": pa.array([1, None, 3]),
    }
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    lake = Lake({"dev": str(home / "lake")})
    lake.overwrite(TableId("dev", "silver", "orders"), ORDERS.to_reader())
    lake.overwrite(TableId("dev", "gold", "clean"), pa.table({"id": [1, 2], "born": [1977, 1899]}).to_reader())
    for product, text in (("shop", SPEC), ("broken", "type: [")):
        (home / "specs" / product).mkdir(parents=True)
        (home / "specs" / product / "defs.yaml").write_text(text)
    return home


def adp(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {
        "ADP_STATE": str(home / "state"),
        "ADP_LAKE_DEV": str(home / "lake"),
        "ADP_SPECS": str(home / "specs"),
        "PATH": "/usr/bin:/bin",
    }
    command = [str(Path(sys.executable).with_name("adp")), "quality", "docs", *arguments]
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return subprocess.run(command, env={**kept, **own}, cwd=home, capture_output=True, text=True, check=False)


def test_all_tables_with_rules_are_written_and_nothing_is_loaded_or_run_by_their_pages(home: Path) -> None:
    done = adp(home, "--output", str(home / "docs"), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["assets"] == {"silver/orders": {"rules": 5, "passed": 1}, "gold/clean": {"rules": 4, "passed": 3}}
    assert "left out" in done.stderr
    pages = {page.name: page.read_text() for page in (home / "docs").rglob("*.html")}
    index = pages["index.html"]
    assert "1 of 5" in index
    for link in re.findall(r'<td><a href="([^"]+)"', index):
        assert (home / "docs" / link).is_file()
    text = pages["silver.orders.html"]
    assert "no column" in text
    assert "aaa aa a.aaa" in text
    clean = html.unescape(pages["gold.clean.html"])
    assert "born < 1900 or id in [33, 44]" in clean, "which rows a rule is about"
    assert "If id != 55, then" in re.sub(r"<[^>]+>|\s+(?=,)", "", clean)
    assert "mia" not in "".join(pages.values())
    assert ("9999" in pages["gold.clean.html"], "1977" in pages["gold.clean.html"]) == (True, False)
    for page in pages.values():
        assert "script-src 'none'" in page
        assert not re.search(
            r'(src|href)="https?://(?!greatexpectations\.io")', page.replace("https://greatexpectations.io", "")
        )
        assert "<img src=x" not in page


def test_one_table_can_be_asked_for_and_a_wrong_name_or_folder_is_refused(home: Path, tmp_path: Path) -> None:
    assert "gold/clean: 3 of 4 rules hold" in adp(home, "gold/clean", "-o", str(tmp_path / "one")).stdout
    wrong = adp(home, "gold/none", "-o", str(tmp_path / "two"))
    assert (wrong.returncode, "gold/none has no rules" in wrong.stderr) == (1, True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    taken = adp(home, "gold/clean", "-o", str(tmp_path / "mine"))
    assert (taken.returncode, "other files" in taken.stderr) == (1, True)
