"""Find wrong cells of a table without labels or rules, and propose what they should hold: pure functions on Arrow data.

findings = detect(table)              # what is wrong, how sure, why, and where possible the right value
better = repaired(table, findings)    # the repairs that are sure enough to make unasked, made
parts = throughout(read, schema, pace_of(rows, columns))    # the same for a table of any length, in bounded memory
"""

from agents.tools.detection.detecting import detect
from agents.tools.detection.findings import SURE, Finding, Findings
from agents.tools.detection.looking import Look, look
from agents.tools.detection.repair import repaired
from agents.tools.detection.throughout import MOST_ROWS, Pace, Part, pace_of, throughout

__all__ = [
    "MOST_ROWS",
    "SURE",
    "Finding",
    "Findings",
    "Look",
    "Pace",
    "Part",
    "detect",
    "look",
    "pace_of",
    "repaired",
    "throughout",
]
