"""Small things that people see on the command line: said once, in words, in a form that can be read."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agents.core.errors import StateError, TableNotFound
from assets.kinds.loading import load_products
from platform_defs.cli import app
from platform_defs.client import Client
from platform_defs.commands.grids import print_rows

SPEC = "type: platform_defs.DataProduct\nattributes:\n  name: {}\n  tables:\n"
TABLE = "    - {{name: {}, layer: bronze, source: {{connection: s, table: t}}}}\n"


def test_what_an_error_is_about_is_said_once() -> None:
    assert str(TableNotFound("dev/bronze/t has no data yet", where="dev/bronze/t")) == "dev/bronze/t has no data yet"
    assert str(StateError("AR-000002: no vote", where="AR-000002", fix="x")) == "AR-000002: no vote\n  fix: x"
    assert str(StateError("no vote", where="AR-000002")) == "AR-000002: no vote"
    assert str(StateError("AR-0000021 is gone", where="AR-000002")) == "AR-000002: AR-0000021 is gone"


def test_the_audit_trail_is_not_written_in_a_form_that_its_name_denies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADP_STATE", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "log").touch()

    def export(*arguments: str) -> int:
        return CliRunner().invoke(app, ["ledger", "export", *arguments]).exit_code

    assert export(str(tmp_path / "l.csv")) == 2
    assert export(str(tmp_path / "l")) == 2
    assert not (tmp_path / "l.csv").exists()
    for name, more in (("l.jsonl", ()), ("l.parquet", ()), ("l.log", ("--format", "jsonl"))):
        assert export(str(tmp_path / name), *more) == 0
        assert (tmp_path / name).exists()


def shown(capsys: pytest.CaptureFixture[str], columns: int, rows: list[list[str]]) -> str:
    print_rows([f"column_{n}" for n in range(columns)], rows)
    return capsys.readouterr().out


def test_rows_too_wide_for_a_terminal_are_shown_one_under_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = shown(capsys, 11, [[f"value [{n}] of a row" for n in range(11)]] * 2)
    assert "row 1 of 2" in wide
    assert "…" not in wide
    assert "column_10  value [10] of a row" in wide
    narrow = shown(capsys, 3, [["1", "2", "3"]])
    assert "column_2" in narrow.splitlines()[1]
    long = shown(capsys, 2, [["1", "word " * 60]])
    assert "column_1" in long.splitlines()[1]
    assert long.count("word") == 60
    assert "no rows; columns: column_0, " in shown(capsys, 30, [])


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers as Dagster does for a run whose step failed."""

    def do_POST(self) -> None:
        error = {
            "message": "dagster.Failure",
            "causes": [{"message": "agents.core.errors.GoalError: 'x' is no asset\n"}],
        }
        event = {"__typename": "ExecutionStepFailureEvent", "error": error}
        run = {"__typename": "Run", "status": "FAILURE", "eventConnection": {"events": [event]}}
        body = json.dumps({"data": {"runOrError": run}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def failing() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_people_do_not_read_the_names_of_classes(failing: str) -> None:
    assert Client(failing).status("r") == ("FAILURE", "'x' is no asset")


def test_of_two_products_with_one_table_only_that_table_is_left_out(tmp_path: Path) -> None:
    for product, tables in (("sales", ("orders", "lines")), ("zoo", ("orders", "animals"))):
        (tmp_path / product).mkdir()
        text = SPEC.format(product) + "".join(map(TABLE.format, tables))
        (tmp_path / product / "defs.yaml").write_text(text)
    loaded = load_products(tmp_path)
    held = {entry.table.name: entry.document.path.parent.name for entry in loaded.checked.tables}
    assert held == {"orders": "sales", "lines": "sales", "animals": "zoo"}
    (problem,) = loaded.problems
    assert "bronze/orders is already declared in" in problem.what
    assert problem.where.endswith("zoo/defs.yaml:5")


def test_a_question_for_a_table_that_is_not_there_has_candidates(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(
        "connections:\n  erp: {kind: sqlserver, tables: {sales.orders: {columns: {order_id: int}}}}\n"
        "lake:\n  bronze/sales_orders: {columns: {order_id: int}}\n  gold/loyal_customers: {columns: {a: int}}\n"
    )

    def candidates(words: str) -> list[str]:
        told = CliRunner().invoke(app, ["plan", words, "--catalog", str(catalog), "--json"])
        return json.loads(told.stdout)["questions"][0]["candidates"]

    assert candidates("Check the quality of gold/loyalty") == ["gold/loyal_customers"]
    assert "bronze/sales_orders" in candidates("Check the quality of gold/zzzz")
