"""Find personal data and secrets: in a table's columns, in texts. Pure functions; nothing is downloaded."""

from agents.tools.privacy.found import ColumnScan, Span, TableScan
from agents.tools.privacy.reading import scan_text
from agents.tools.privacy.secrets_found import secrets_in
from agents.tools.privacy.table import scan_table

__all__ = ["ColumnScan", "Span", "TableScan", "scan_table", "scan_text", "secrets_in"]
