"""Tools that look at source systems."""

from __future__ import annotations

from agents.core.catalog import SourceTable
from agents.core.registry import tool
from agents.tools.session import Session


@tool("sources.describe", effect="read")
def describe(session: Session, connection: str, table: str) -> SourceTable:
    """The table as the source has it now; UnknownSource with candidates when it is gone."""
    return session.platform.sources.table(connection, table)
