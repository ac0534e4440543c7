"""A store put back from a backup: production stays shut until somebody says why, and then asks anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.errors import Denied, StateError
from platform_defs.cli import app
from resources.identity import Person
from resources.platform import Platform
from resources.settings import load_settings

RUN = RunFacts(
    "run-1",
    "__ASSET_JOB",
    Effects("prod", ("write_data",), {"prod/bronze/orders": "sha256:1"}),
    Requester("dora", known=True),
    Facts(pii="none"),
)
ANNA = Person("anna", frozenset({"approver"}), frozenset({"platform"}), (), True, "store")


def opened(state: Path) -> Platform:
    return Platform.of(load_settings({"ADP_STATE": str(state)}, cwd=state.parent), {})


def test_a_grant_that_was_revoked_after_the_backup_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    platform = opened(state)
    platform.keys.create()
    request = platform.approvals.submit(RUN).request
    platform.approvals.decide(request, "approve", ANNA)
    platform.store.close()
    shutil.copy(state / "store.db", tmp_path / "backup.db")
    platform.approvals.revoke(request, "anna", "a mistake")
    platform.store.close()
    shutil.copy(tmp_path / "backup.db", state / "store.db")

    restored = opened(state)
    assert restored.approvals.request(request).state == "granted"
    with pytest.raises(StateError, match="not the one that was written last"):
        restored.approvals.launch(RUN)
    restored.store.close()

    monkeypatch.setenv("ADP_STATE", str(state))
    said = CliRunner().invoke(app, ["ledger", "accept", "--why", "the disk failed"])
    assert said.exit_code == 0, said.output
    assert "1 grants are revoked" in said.output

    after = opened(state)
    assert after.approvals.request(request).state == "revoked"
    assert after.ledger.verify().ok
    with pytest.raises(Denied):
        after.approvals.launch(RUN)
    after.store.close()
