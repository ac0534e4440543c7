"""What the documentation shows is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = """
from agents.ops.workflow import workflow_job
from agents.roles import register_agents
from agents.roles.supervisor import plan_goal
from agents.core.catalog import Catalog
from resources.platform import Platform
from resources.settings import load_settings
from dagster import DagsterInstance

settings = load_settings()
registry = register_agents(settings.extensions)
plan = plan_goal("Count the tables", Catalog(), installed=registry.installed(), custom=registry.phrases())
steps = [s for s in plan.steps if s.agent == "counter"]
platform = Platform.of(settings)
job = workflow_job(registry, platform)
config = {"ops": {"counter": {"config": {"steps": [{"id": steps[0].id, "action": "count", "inputs": {}}]}}}}
with DagsterInstance.ephemeral() as instance:
    result = job.execute_in_process(run_config=config, instance=instance)
    print(result.success, result.output_for_node("counter"))
print([r.entry.what for r in platform.ledger.records(kind="tool")])
"""


def test_the_agent_of_the_docs_is_complete_short_and_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "agents.md").read_text()
    match = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert match
    code = match.group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    package = tmp_path / "my_team"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "agents.py").write_text(code)
    env = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "ADP_EXTENSIONS": "my_team.agents",
        "ADP_STATE": str(tmp_path / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, cwd=tmp_path, env=env, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "True {'outputs': {'s1': {'tables': 0}}}" in done.stdout
    assert "counter.count: done" in done.stdout
