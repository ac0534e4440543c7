"""Tools that find personal data in the lake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.core.errors import TableNotFound
from agents.core.registry import tool
from agents.tools.session import Session

if TYPE_CHECKING:
    from agents.tools.privacy.found import TableScan


@tool("privacy.scan", effect="read")
def scan(session: Session, asset: str, hints: Mapping[str, str] | None = None) -> TableScan:
    """What personal data and secrets each column of `layer/table` holds; no value leaves it but as a masked shape.

    `hints` are types that a person fixed for columns; `none` means no personal data.
    """
    from agents.tools.privacy import scan_table
    from assets.kinds.sides import looked_into

    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        raise TableNotFound(f"{asset} is not in the {session.environment} lake", fix="materialize it first")
    return scan_table(looked_into(lake, table), hints=hints)
