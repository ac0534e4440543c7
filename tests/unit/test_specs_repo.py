"""Agents' changes to specs: authored, minimal, undoable, and never at a person's cost."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.core.errors import SpecError, StateError
from resources.spec_change import Commit
from resources.specs_repo import SpecsRepo

INGEST = {
    "source": {"connection": "crm", "table": "dbo.Orders", "mode": "incremental", "watermark": "updated_at"},
    "schedule": "0 2 * * *",
    "environments": ["dev"],
}
RULES = [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id"}, "meta": {"action": "block"}}]
ASSET = "bronze/crm_orders"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A person's clone, with an identity and a first commit."""
    root = tmp_path / "clone"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Anna")
    git(root, "config", "user.email", "anna@example.org")
    (root / "README").write_text("hello\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def repo(checkout: Path) -> SpecsRepo:
    return SpecsRepo(checkout / "platform_defs" / "defs", "pipeline")


def write(
    repo: SpecsRepo, desired: Mapping[str, Any], agent: str = "pipeline", goal: str = "G-000017"
) -> Commit | None:
    change = repo.plan_change("crm", ASSET, desired, agent)
    return repo.apply(change, goal, agent, f"{ASSET}: {', '.join(desired)}")


def written(repo: SpecsRepo, desired: Mapping[str, Any], agent: str = "pipeline") -> Commit:
    commit = write(repo, desired, agent)
    assert commit is not None
    return commit


def entry(repo: SpecsRepo) -> dict[str, Any]:
    found = repo.find(ASSET)
    assert found is not None
    assert found[0] == "crm"
    return found[1]


def test_a_new_table_is_one_commit_by_the_agent(repo: SpecsRepo, checkout: Path) -> None:
    commit = written(repo, INGEST)
    assert entry(repo) == {"name": "crm_orders", "layer": "bronze", **INGEST}
    assert git(checkout, "log", "-1", "--format=%H|%an|%ae|%cn|%s|%(trailers:key=Goal,separator=)") == (
        f"{commit.id}|pipeline agent|pipeline@agents.invalid|pipeline agent|{ASSET}: {', '.join(INGEST)}|Goal: G-000017"
    )
    files = git(checkout, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert files == ["platform_defs/defs/crm/.owned.json", "platform_defs/defs/crm/defs.yaml"]
    assert git(checkout, "status", "--porcelain") == ""


def test_planning_writes_nothing(repo: SpecsRepo) -> None:
    change = repo.plan_change("crm", ASSET, INGEST)
    assert change.new_product
    assert not change.empty
    assert {edit.path for edit in change.set} >= {"name", "source/mode", "schedule"}
    assert not repo.specs_dir.exists()


def test_the_same_twice_is_no_commit(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    head = git(checkout, "rev-parse", "HEAD")
    assert repo.plan_change("crm", ASSET, INGEST).empty
    assert write(repo, INGEST) is None
    assert git(checkout, "rev-parse", "HEAD") == head


def test_a_persons_edit_survives_with_every_byte(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    path = repo.path("crm")
    edited = path.read_text().replace("schedule: 0 2 * * *", "schedule: '0 6 * * *'   # after the night shift")
    path.write_text(edited)
    git(checkout, "commit", "-qam", "later")
    commit = written(repo, {**INGEST, "schedule": "0 3 * * *", "description": "Orders"})
    assert path.read_text() == edited + "      description: Orders\n"
    assert commit.agent == "pipeline"
    (kept,) = repo.plan_change("crm", ASSET, {"schedule": "0 3 * * *"}).kept
    assert (kept.path, kept.before, kept.after) == ("schedule", "0 6 * * *", "0 3 * * *")


def test_uncommitted_edits_of_the_file_become_the_persons_commit(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    path = repo.path("crm")
    path.write_text(path.read_text().replace("0 2 * * *", "0 6 * * *"))
    written(repo, {"rules": RULES}, "quality")
    assert git(checkout, "log", "-3", "--format=%an|%s").splitlines() == [
        f"quality agent|{ASSET}: rules",
        "Anna|crm: edits by hand",
        f"pipeline agent|{ASSET}: {', '.join(INGEST)}",
    ]
    assert "+      schedule: 0 6" in git(checkout, "show", "HEAD~1")
    assert "0 6" not in "".join(line for line in git(checkout, "show", "HEAD", "--", str(path)) if line[:1] in "+-")


def test_other_files_of_a_person_stay_as_they_are(repo: SpecsRepo, checkout: Path) -> None:
    (checkout / "README").write_text("edited\n")
    (checkout / "staged").write_text("staged\n")
    git(checkout, "add", "staged")
    (checkout / "untracked").write_text("x\n")
    before = git(checkout, "status", "--porcelain")
    written(repo, INGEST)
    assert git(checkout, "status", "--porcelain") == before
    assert git(checkout, "diff", "--cached", "--name-only") == "staged"


def test_no_hook_runs_and_no_variable_leads_elsewhere(
    repo: SpecsRepo, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "prepare-commit-msg"):
        hook = checkout / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    git(checkout, "config", "commit.gpgSign", "true")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Mallory")
    written(repo, INGEST)
    monkeypatch.undo()
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "elsewhere").exists()
    assert git(checkout, "log", "-1", "--format=%an") == "pipeline agent"


def test_what_is_refused_changes_nothing(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    before = (repo.path("crm").read_bytes(), git(checkout, "rev-parse", "HEAD"))

    def refuse(attributes: Mapping[str, Any]) -> None:
        assert attributes["tables"][0]["schedule"] == "never"
        raise SpecError("not a cron line")

    change = repo.plan_change("crm", ASSET, {"schedule": "never"})
    with pytest.raises(SpecError, match="not a cron line"):
        repo.apply(change, "G-000018", validate=refuse)
    assert (repo.path("crm").read_bytes(), git(checkout, "rev-parse", "HEAD")) == before
    assert git(checkout, "status", "--porcelain") == ""


def test_a_commit_that_fails_changes_nothing(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    before = repo.path("crm").read_bytes()
    (checkout / ".git" / "MERGE_HEAD").write_text(git(checkout, "rev-parse", "HEAD") + "\n")  # a merge under way
    with pytest.raises(StateError, match="git commit failed"):
        write(repo, {"rules": RULES})
    assert repo.path("crm").read_bytes() == before


def test_an_undo_takes_back_one_change_and_leaves_later_ones(repo: SpecsRepo, checkout: Path) -> None:
    written(repo, INGEST)
    first = written(repo, {"description": "Orders"})
    written(repo, {"rules": RULES}, "quality")
    undone = repo.undo(Commit.from_json(first.to_json()))
    assert "description" not in entry(repo)
    assert entry(repo)["rules"] == RULES
    assert git(checkout, "log", "-1", "--format=%H|%s") == f"{undone.id}|Undo: {ASSET}: description"
    assert git(checkout, "status", "--porcelain") == ""
    assert written(repo, {"description": "Orders"}).id  # it may come again


def test_undoing_the_first_change_removes_the_product(repo: SpecsRepo, checkout: Path) -> None:
    repo.undo(written(repo, INGEST))
    assert repo.products() == []
    assert git(checkout, "status", "--porcelain") == ""


def test_what_was_edited_since_is_not_taken_back(repo: SpecsRepo) -> None:
    written(repo, INGEST)
    commit = written(repo, {"description": "Orders"})
    path = repo.path("crm")
    path.write_text(path.read_text().replace("Orders", "All orders"))
    before = path.read_bytes()
    with pytest.raises(StateError, match="edited since"):
        repo.undo(commit)
    assert path.read_bytes() == before


@pytest.fixture(params=["no git", "no checkout"])
def plain(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpecsRepo:
    if request.param == "no git":
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return SpecsRepo(tmp_path / "specs", "pipeline")


def test_without_git_it_works_on_files_alone(plain: SpecsRepo) -> None:
    first = written(plain, INGEST)
    assert first.id == ""
    assert write(plain, INGEST) is None
    second = written(plain, {"rules": RULES})
    with pytest.raises(StateError, match="edited since"):
        plain.undo(first)
    plain.undo(Commit.from_json(second.to_json()))
    assert entry(plain) == {"name": "crm_orders", "layer": "bronze", **INGEST}
    assert written(plain, {"rules": RULES}).asset == ASSET
    plain.path("crm").write_text(plain.path("crm").read_text().replace("0 2 * * *", "0 6 * * *"))
    assert write(plain, INGEST) is None


def test_a_folder_that_the_checkout_ignores_is_not_committed_to_it(checkout: Path) -> None:
    (checkout / ".gitignore").write_text(".adp/\n")
    head = git(checkout, "rev-parse", "HEAD")
    repo = SpecsRepo(checkout / ".adp" / "specs" / "defs", "pipeline")
    assert written(repo, INGEST).id == ""
    assert git(checkout, "rev-parse", "HEAD") == head


def test_init_makes_a_repository_of_its_own(checkout: Path) -> None:
    (checkout / ".gitignore").write_text(".adp/\n")
    head = git(checkout, "rev-parse", "HEAD")
    repo = SpecsRepo(checkout / ".adp" / "specs" / "defs", "pipeline")
    assert repo.init()
    assert repo.init()
    commit = written(repo, INGEST)
    assert git(checkout / ".adp" / "specs", "rev-parse", "HEAD") == commit.id
    assert git(checkout, "rev-parse", "HEAD") == head
    repo.undo(commit)
    assert repo.find(ASSET) is None


def test_without_the_sidecar_everything_is_a_persons(repo: SpecsRepo) -> None:
    written(repo, INGEST)
    repo.path("crm").with_name(".owned.json").unlink()
    assert write(repo, {**INGEST, "schedule": "0 5 * * *"}) is None
    assert entry(repo)["schedule"] == "0 2 * * *"


def test_a_damaged_sidecar_is_said(repo: SpecsRepo) -> None:
    written(repo, INGEST)
    repo.path("crm").with_name(".owned.json").write_text("{}")
    with pytest.raises(StateError, match=r"owned\.json"):
        write(repo, {"description": "x"})


def test_an_extension_adds_to_an_asset_without_an_entry(repo: SpecsRepo) -> None:
    change = repo.plan_change("forecast", "gold/forecast", {"asset": "gold/forecast", "rules": RULES}, "quality")
    assert repo.apply(change, "G-000001", message="rules for a Python asset") is not None
    assert repo.find("gold/forecast") == ("forecast", {"asset": "gold/forecast", "rules": RULES})
    assert repo.read("forecast") == {"name": "forecast", "extensions": [{"asset": "gold/forecast", "rules": RULES}]}


def test_rules_for_a_table_that_nobody_has_are_refused(repo: SpecsRepo) -> None:
    with pytest.raises(SpecError, match="no table bronze/crm_orders"):
        write(repo, {"rules": RULES})


@pytest.mark.parametrize("product", ["../x", "a/b", "", "1x", ".git"])
def test_a_product_cannot_lead_out_of_the_folder(repo: SpecsRepo, product: str) -> None:
    with pytest.raises(SpecError, match="not a product's name"):
        repo.plan_change(product, ASSET, INGEST)


def test_wrong_files_say_where_and_stay(repo: SpecsRepo) -> None:
    path = repo.path("crm")
    path.parent.mkdir(parents=True)
    for text, says in [("type: other.Thing\nattributes: {}\n", "platform_defs.DataProduct"), ("a: [\n", r"yaml:2")]:
        path.write_text(text)
        with pytest.raises(SpecError, match=says):
            write(repo, INGEST)
        assert path.read_text() == text
    with pytest.raises(SpecError, match="no such product"):
        repo.read("other")


def test_names_in_any_script_are_kept(repo: SpecsRepo, checkout: Path) -> None:
    change = repo.plan_change("продажи", "silver/größe", {"sql": "select 'ö' as x", "description": "Größe: ½"})
    assert repo.apply(change, "G-000001", message="Größe") is not None
    assert repo.find("silver/größe") is not None
    assert "Größe: ½" in repo.path("продажи").read_text(encoding="utf-8")
    assert git(checkout, "status", "--porcelain") == ""
