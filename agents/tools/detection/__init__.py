"""Find wrong cells of a table without labels or rules, and propose what they should hold: pure functions on Arrow data.

findings = detect(table)              # what is wrong, how sure, why, and where possible the right value
better = repaired(table, findings)    # the repairs that are sure enough to make unasked, made
"""

from agents.tools.detection.detecting import detect
from agents.tools.detection.findings import SURE, Finding, Findings
from agents.tools.detection.looking import Look, look
from agents.tools.detection.repair import repaired

__all__ = ["SURE", "Finding", "Findings", "Look", "detect", "look", "repaired"]
