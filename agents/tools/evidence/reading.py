"""The card of a request to read personal data in clear text: who, what, how long, what for. It needs no measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.approval import ApprovalRequest
from agents.tools.evidence import wording
from agents.tools.evidence.charts import risk_badge
from resources.markdown import listed, moment, person, plain, quoted, table


def reading_card(request: ApprovalRequest, access: Mapping[str, Any]) -> str:
    """The card's markdown."""
    columns = [str(name) for name in access["columns"]]
    rows = [
        ("who would read", person(str(access["person"]))),
        ("table", quoted(str(access["asset"]))),
        ("columns", listed(columns, 20) if columns else "**all**"),
        ("what for", quoted(str(access["reason"]), 400)),
        ("for how long", f"{float(access['hours']):g} hours from the approval on; `adp access revoke` ends it before"),
        ("asked by", wording.asker(request)),
        ("who must approve", wording.wanted(request)),
        ("the other way", "the masked rows, which need nobody: `adp read` without `--raw`"),
        ("approving covers", "this person, table and columns; each reading is in the ledger with its number of rows"),
        ("digest", f"`{request.digest}`"),
    ]
    heading = f"## {risk_badge(request.risk.level)} read personal data of {quoted(str(access['asset']))} in clear text"
    waits = f"{plain(request.id)} waits until **{moment(request.expires)}**; no answer means no."
    return "\n".join([heading, "", waits, *table(("", ""), rows)])
