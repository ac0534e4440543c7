"""What the environment and adp.yaml make of a deployment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.core.errors import ConfigError
from resources.settings import Settings, load_settings


def test_defaults_keep_everything_under_the_project(tmp_path: Path) -> None:
    (tmp_path / "adp.yaml").touch()
    settings = load_settings({}, cwd=tmp_path)
    assert settings.profile == "local"
    assert settings.state_dir == tmp_path / ".adp"
    assert settings.store_url == f"sqlite:///{tmp_path}/.adp/store.db"
    assert settings.lake_roots == {e: str(tmp_path / ".adp" / "lake" / e) for e in ("dev", "staging", "prod")}
    assert settings.environments == ("dev", "staging", "prod")
    assert settings.port == 3000


def test_a_folder_below_the_project_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "adp.yaml").write_text("state: there\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load_settings({}, cwd=below).state_dir == tmp_path / "there"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "adp.yaml").write_text("port: 4000\nextensions: [one.agents, two.agents]\nlake_prod: /prod\n")
    settings = load_settings({"ADP_PORT": "5000"}, cwd=tmp_path)
    assert settings.port == 5000
    assert settings.base_url == "http://localhost:5000"
    assert settings.extensions == ("one.agents", "two.agents")
    assert settings.lake_roots["prod"] == "/prod"


def test_relative_paths_start_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "adp.yaml").write_text("specs: specs\n")
    here = tmp_path / "here"
    here.mkdir()
    settings = load_settings({"ADP_STATE": "../state"}, cwd=here)
    assert settings.specs_dir == tmp_path / "specs"
    assert settings.state_dir == tmp_path / "state"


def test_the_states_own_connections_file_is_preferred(tmp_path: Path) -> None:
    assert load_settings({}, cwd=tmp_path).connections_file == tmp_path / "connections.yaml"
    (tmp_path / ".adp").mkdir()
    (tmp_path / ".adp" / "connections.yaml").touch()
    assert load_settings({}, cwd=tmp_path).connections_file == tmp_path / ".adp" / "connections.yaml"


@pytest.mark.parametrize(
    ("env", "where", "fix"),
    [
        ({"ADP_PROT": "3000"}, "environment", "ADP_PORT"),
        ({"ADP_port": "3000"}, "environment", "ADP_PORT"),
        ({"ADP_PORT": "0"}, "ADP_PORT", "1 to 65535"),
        ({"ADP_PORT": "many"}, "ADP_PORT", "1 to 65535"),
        ({"ADP_PROFILE": "azur"}, "ADP_PROFILE", "azure"),
        ({"ADP_ENVIRONMENTS": "dev,prd"}, "ADP_ENVIRONMENTS", "prod"),
        ({"ADP_STORE_URL": "oracle://u:hunter2@h/x"}, "ADP_STORE_URL", "sqlite:///"),
        ({"ADP_PROFILE": "azure", "ADP_LAKE_DEV": "abfss://c@a.dfs.core.windows.net"}, "ADP_LAKE_STAGING", "abfss://"),
        ({"ADP_LAKE_DEV": "/lake", "ADP_LAKE_PROD": "/lake/prod"}, "ADP_LAKE_PROD", "root of its own"),
    ],
)
def test_a_wrong_setting_names_itself_and_the_fix(tmp_path: Path, env: dict[str, str], where: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(env, cwd=tmp_path)
    assert where in caught.value.where
    assert fix in caught.value.fix
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("prt: 1\n", "port"), ("a: [\n", "adp.yaml:2"), ("- a\n", "key: value"), ("port: [1]\n", "port")],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "adp.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_settings({}, cwd=tmp_path)


def test_secrets_are_no_settings(tmp_path: Path) -> None:
    assert isinstance(load_settings({"ADP_SECRET_ANYTHING": "x"}, cwd=tmp_path), Settings)


def test_azure_lake_roots_stay_urls(tmp_path: Path) -> None:
    env = {f"ADP_LAKE_{e}": f"abfss://{e.lower()}@a.dfs.core.windows.net/x/" for e in ("DEV", "STAGING", "PROD")}
    settings = load_settings({"ADP_PROFILE": "azure", **env}, cwd=tmp_path)
    assert settings.lake_roots["dev"] == "abfss://dev@a.dfs.core.windows.net/x"


def test_the_stores_password_is_not_shown(tmp_path: Path) -> None:
    settings = load_settings({"ADP_STORE_URL": "postgresql://u:hunter2@h/x"}, cwd=tmp_path)
    assert "hunter2" not in repr(settings)
    assert "hunter2" in settings.store_url


def test_the_bundle_and_the_settings_load_no_heavy_library() -> None:
    heavy = ["sqlalchemy", "deltalake", "duckdb", "polars", "pyarrow", "pydantic", "ruamel", "yaml", "httpx", "sqlglot"]
    code = f"import sys, resources.platform; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
