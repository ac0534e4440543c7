"""Profile a table, learn its rules, find what its columns refer to: pure functions on Arrow data."""

from agents.tools.profiling.measure import profile_table
from agents.tools.profiling.profile import ColumnProfile, Profile
from agents.tools.profiling.references import Reference, find_references
from agents.tools.profiling.writer import write_rules

__all__ = ["ColumnProfile", "Profile", "Reference", "find_references", "profile_table", "write_rules"]
