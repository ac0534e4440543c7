"""What `adp quality profile` looks at: a file or a lake table, in the contract's form."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform_defs.targets import open_target


def profile_target(target: str, environment: str, cwd: Path) -> dict[str, Any]:
    """`{rows, columns: {name: {...}}, rules: [...]}` of a file (CSV, JSON, Parquet) or of `layer/table`."""
    from agents.tools.profiling import profile_table, write_rules

    now = datetime.now(UTC)
    profile = profile_table(open_target(target, environment, cwd), now=now)
    return profile.to_json(write_rules(profile, now=now))
