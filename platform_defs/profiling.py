"""What `adp quality profile` looks at: a file or a lake table, in the contract's form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform_defs.targets import open_target

MOST = 500_000


def profile_target(target: str, environment: str, cwd: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """`{rows, columns: {name: {...}}, rules: [...]}` of a file (CSV, JSON, Parquet) or of `layer/table`.

    Of columns that its spec says hold personal data no value appears. `say` is told how the file was read; where that
    is worth telling, it is under `file` too.
    """
    from agents.tools.profiling import profile_table, write_rules
    from agents.tools.quality import names_people

    now = datetime.now(UTC)
    opened = open_target(target, environment, cwd)
    for note in opened.notes:
        say(note)
    profile = profile_table(_rows(opened.data, say), now=now)
    hidden, derived = (frozenset[str](), False) if (cwd / target).is_file() else _said(target, environment)
    rules = [rule for rule in write_rules(profile, now=now, derived=derived) if not names_people(rule, hidden)]
    return {**profile.to_json(rules, hidden), **opened.to_json()}


def _rows(data: Any, say: Callable[[str], None]) -> Any:
    """What can be read more than once: of rows that stand in a quarantine or log, the first."""
    from assets.kinds.sides import Lines

    if not isinstance(data, Lines):
        return data
    if (rows := data.count_rows()) > MOST:
        say(f"the first {MOST:,} of {rows:,} rows are looked at")
    return data.table(MOST)


def _said(asset: str, environment: str) -> tuple[frozenset[str], bool]:
    """The columns of a lake table, or of what lies beside one, whose values are not to be printed; if it is derived."""
    from agents.core.catalog import TableId
    from agents.tools.governing.declared import declared_of
    from agents.tools.quality import is_derived, personal_in
    from platform_defs.here import deployed
    from resources.production import base_of

    table = TableId(environment, *asset.split("/", 1))
    entry = declared_of(deployed(), base_of(table) or table)
    return personal_in(entry), is_derived(entry)
