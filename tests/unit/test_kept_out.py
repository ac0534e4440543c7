"""Secrets and personal values stay out of what a deployment keeps beside its tables, wherever somebody put them."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from agents.core.errors import Denied, SourceError, SpecError
from agents.roles.supervisor import plan_goal
from platform_defs.instance import Home, dagster_yaml
from resources.platform import Platform
from resources.secrets import LocalSecrets
from resources.secrets_said import refuse_secrets, secrets_said
from resources.settings import load_settings
from resources.sources import Sources
from resources.spec_change import Change
from resources.specs_repo import SpecsRepo
from tests.unit.llm_server import model_server
from tests.unit.product_runs import Deployment
from tests.unit.test_suggesting import stage as suggesting

TOKEN = "ghp" + "_" + "Zq7RtY2mKp" * 4
URL = "postgresql" + "://loader:Vq8wNt2zRk@db.example.com:5432/shop"
PASSWORD = "pass" + "word is Wq7zTr0ubad0r"
KEPT = re.compile("Zq7RtY2mKp|Vq8wNt2zRk|Wq7zTr0ubad0r|quuxington", re.I)


@dg.op(config_schema={"text": str})
def speak(context: dg.OpExecutionContext) -> None:
    """Logs what it is told to, in its words and in what led to them, prints nothing, and fails with it."""
    text = "".join(context.op_config["text"].split("|"))
    context.log.info(f"about {text}")
    try:
        raise KeyError(f"led by {text}")
    except KeyError:
        context.log.exception("plain words")
    context.add_output_metadata({"seen": text, "page": dg.MetadataValue.md(f"# {text}")})
    raise ValueError(f"cannot use {text}")


@dg.job
def talk() -> None:
    speak()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = Home(tmp_path / "state")
    home.dagster.mkdir(parents=True)
    (home.dagster / "dagster.yaml").write_text(yaml.safe_dump(dagster_yaml(home)))
    with dg.DagsterInstance.from_config(str(home.dagster)) as opened:
        yield opened


def said(text: str) -> dict[str, Any]:
    return {"ops": {"speak": {"config": {"text": text}}}}


def stored(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("secret", [TOKEN, URL, PASSWORD])
def test_a_run_whose_config_holds_a_secret_is_refused_before_anything_is_stored(
    instance: dg.DagsterInstance, tmp_path: Path, secret: str
) -> None:
    with pytest.raises(Denied, match="holds a secret") as refused:
        talk.execute_in_process(said(f"sync it, {secret}"), instance=instance)
    assert not KEPT.search(str(refused.value))
    assert instance.get_runs() == []
    assert not KEPT.search(stored(tmp_path))


@pytest.mark.parametrize("secret", [TOKEN, URL])
def test_what_a_run_logs_shows_and_fails_with_is_stored_and_printed_without_secrets(
    instance: dg.DagsterInstance, tmp_path: Path, capfd: pytest.CaptureFixture[str], secret: str
) -> None:
    done = talk.execute_in_process(said("|".join(secret)), instance=instance, raise_on_error=False)
    told = [f"{entry.user_message} {entry.dagster_event}" for entry in instance.all_logs(done.run_id)]
    assert any("about [secret]" in one for one in told)
    assert any("cannot use [secret]" in one for one in told)
    assert not KEPT.search(stored(tmp_path))
    assert "about [secret]" in (printed := capfd.readouterr().err)
    assert "led by [secret]" in printed, "what led to it is shown, without the secret"
    assert not KEPT.search(printed)


@pytest.mark.parametrize("secret", [TOKEN, URL, PASSWORD])
def test_no_word_of_a_person_is_kept_with_a_secret_in_it(tmp_path: Path, secret: str) -> None:
    platform = Platform.of(load_settings({"ADP_STATE": str(tmp_path)}, cwd=tmp_path))
    with pytest.raises(Denied):
        platform.store.create_goal(f"load it with {secret}", "dev", "ada")
    with pytest.raises(Denied):
        plan_goal(f"load the orders, {secret}", platform.catalog())
    with pytest.raises(Denied):
        platform.approvals.revoke("AR-000001", "ada", note=secret)
    assert not KEPT.search(stored(tmp_path))


@pytest.mark.parametrize(
    "words",
    [
        "Load the passwords table every night, password: required, token = daily",
        "the column password is sha256-hashed",
        "Mask api_key and secret columns of bronze/tokens, mail ada@example.com",
        "Sync https://example.com/data?page=2 hourly",
        "reject: not before Audit2026 is done",
    ],
)
def test_words_about_secrets_are_none(words: str) -> None:
    assert secrets_said(words) == []
    refuse_secrets({"goal": [words]}, "the goal")  # raises where it finds one


def test_an_error_of_a_table_quotes_no_row(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = Deployment(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("CREATE TABLE calls (id INTEGER, who TEXT)")
        db.executemany("INSERT INTO calls VALUES (?, ?)", [(1, "Zuleika Quuxington"), (2, f"use {TOKEN}")])
    db.close()
    made.product("""
    - {name: calls, layer: bronze, source: {connection: shop, table: calls}}
    - {name: amounts, layer: gold, sql: "SELECT CAST(who AS BIGINT) AS n FROM bronze.calls"}
    - {name: days, layer: gold, sql: "SELECT strptime(who, '%Y') AS day FROM bronze.calls"}
    """)
    assert made.run("dev/bronze/calls").success
    for name in ("amounts", "days"):
        failed = made.run(f"dev/gold/{name}")
        assert not failed.success
        assert "the SQL failed on the data" in str(failed.failures)
        assert "cause" in failed.told, "what kind of error it was, and where"
        events = "".join(f"{event.message} {event.event_specific_data}" for event in failed.result.all_events)
        assert not KEPT.search(events + json.dumps(failed.told, default=str))
    assert not KEPT.search(capfd.readouterr().err)


def test_a_secret_in_a_name_or_a_comment_of_a_source_goes_no_further(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as db:
        db.execute(f'CREATE TABLE calls (id INTEGER, "{TOKEN}" TEXT)')
        db.execute("CREATE TABLE notes (id INTEGER)")
        db.execute(f"COMMENT ON TABLE notes IS 'loaded with {URL}'")
    file = tmp_path / "connections.yaml"
    file.write_text(f'connections:\n  - {{name: shop, kind: duckdb, url: "duckdb:///{tmp_path}/shop.duckdb"}}\n')
    sources = Sources(file, LocalSecrets({}, tmp_path).get, tmp_path / "cache")
    tables = sources.catalog().connections["shop"].tables
    assert tables["main.notes"].description == "loaded with [secret]"
    assert set(tables["main.calls"].columns) == {"id", "[secret]"}
    assert not KEPT.search(stored(tmp_path / "cache"))
    with pytest.raises(SourceError, match="the name of column 2 holds a secret") as refused:
        sources.read("shop", "main.calls")
    assert not KEPT.search(str(refused.value))


def test_no_agent_writes_a_secret_into_a_spec_and_none_is_committed(tmp_path: Path) -> None:
    specs = SpecsRepo(tmp_path / "specs" / "defs", "pipeline")
    specs.init()
    entry = {"name": "calls", "layer": "gold", "sql": f"SELECT '{TOKEN}' AS t"}
    change: Change = specs.plan_change("shop", "gold/calls", entry)
    with pytest.raises(SpecError, match="a secret stands here"):
        specs.apply(change, "G-000001")
    assert not KEPT.search(stored(tmp_path))


def test_a_language_model_is_told_no_value_of_a_row(tmp_path: Path) -> None:
    with model_server() as server:
        made = suggesting(tmp_path / "world", ADP_LLM_URL=server.url, ADP_LLM_MODEL="small")
        with sqlite3.connect(made.deployment.folder / "shop.db") as db:
            db.execute("DROP TABLE IF EXISTS orders")
            db.execute("CREATE TABLE orders (order_id INTEGER, amount REAL, updated_at TEXT, who TEXT, used TEXT)")
            rows = [(n, 1.0 * n, "2026-01-01", f"{'ABC'[n % 3]} Quuxington", TOKEN) for n in range(600)]
            db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
        db.close()
        assert made.deployment.run("dev/bronze/orders").success
        made.act("quality", "suggest", asset="bronze/orders")
        assert "used" in json.dumps(server.asked), "it is told of the column"
        assert not KEPT.search(json.dumps(server.asked))
