"""Reading personal data in clear text: who may, on whose word, until when; and that it was done.

Policy decides. Where it asks, a person's request waits for people like any other, and becomes a grant for one person,
one table, some columns and some hours. Each reading leaves a record: who, which table, which columns, how many rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.core.approval import READER, ApprovalRequest, Effects, Facts, Requester, Ruling
from agents.core.catalog import TableId
from agents.core.digest import digest
from agents.core.errors import ApprovalRequired, ConfigError, Denied
from resources.approvals_rules import READ_TOOL
from resources.production import base_of
from resources.secrets_said import refuse_secrets

if TYPE_CHECKING:
    from agents.core.policy import Decision
    from resources.approvals import Approvals
    from resources.approvals_policy import Policies
    from resources.approvals_signed import Grant
    from resources.identity import People
    from resources.ledger import Ledger

KIND = "read"  # of the ledger's records
IN_CLEAR = Facts(pii="unmasked")
LONGEST_HOURS = 24 * 90


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads. `proven`: by a code or a proxy, or as the user of this computer where that is trusted."""

    name: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Permission:
    """Why a reading may be: the policy's rules, and the request that was granted for it (empty: none was needed)."""

    rules: tuple[str, ...]
    request: str = ""


class Access:
    """Readings of personal data in one deployment."""

    def __init__(self, approvals: Approvals, policy: Policies, people: People, ledger: Ledger) -> None:
        self._approvals, self._policy, self._people, self._ledger = approvals, policy, people, ledger

    def request(self, reader: Reader, table: TableId, columns: Sequence[str], hours: float, reason: str) -> Ruling:
        """Ask to read `columns` (none named: all) of a table for so many hours. Raises ConfigError, Denied."""
        if not reason.strip():
            raise ConfigError("a request to read personal data says what for", where=str(table), fix="give a reason")
        refuse_secrets(reason, "the reason")
        if not 0 < hours <= LONGEST_HOURS:
            raise ConfigError(f"{hours} hours are too many or too few", where="hours", fix=f"at most {LONGEST_HOURS}")
        effects = _effects(reader, base_of(table) or table, columns, hours, reason.strip())
        return self._approvals.ask(effects, Requester(reader.name, reader.proven), IN_CLEAR)

    def requests(self, *, every: bool = False) -> list[ApprovalRequest]:
        """Requests to read that wait or are granted; `every`: also those that are over."""
        found = self._approvals.requests() if every else self._approvals.requests(("pending", "granted"))
        return [request for request in found if request.effects.access is not None]

    def permission(self, reader: Reader, table: TableId, columns: Collection[str]) -> Permission:
        """Why these columns may be read in clear text now. Raises ApprovalRequired or Denied.

        What is in a quarantine or log may be read by who may read its table.
        """
        table = base_of(table) or table
        alone = self._decide(reader, table)
        if alone.verdict == "allow":
            return Permission(alone.rules)
        for grant in self._grants(reader, table, columns) if reader.proven else ():
            decision = self._decide(reader, table, grant)
            if decision.verdict == "allow":
                return Permission(decision.rules, grant.request)
        what = f"{reader.name or 'nobody'} may not read {', '.join(sorted(columns))} in clear text"
        if alone.verdict == "deny":
            because = ", ".join(alone.rules) or "no policy permits it"
            raise Denied(f"{what}: {because}", where=str(table), fix="read it masked", rules=alone.rules)
        asked = f"adp access request {table.asset} -e {table.environment} --reason ..."
        fix = f"read it masked, or ask ({alone.needs}): {asked}"
        raise ApprovalRequired(what, where=str(table), fix=fix, rules=alone.rules)

    def record(
        self,
        who: str,
        table: TableId,
        columns: Collection[str],
        rows: int,
        *,
        why: str = "",
        run_id: str = "",
        **more: Any,
    ) -> None:
        """Leave in the ledger that personal data was read; never a value of it."""
        facts = {"columns": sorted(columns), "rows": rows, **more}
        self._ledger.append(
            KIND, who, "personal data in clear text", subject=str(table), why=why, trace=run_id, facts=facts
        )

    def revoke(self, request_id: str, reader: Reader, note: str = "") -> ApprovalRequest:
        """Give a permission back, or withdraw one's request. What somebody else was granted, approvers revoke."""
        request = self._approvals.request(request_id)
        access = request.effects.access
        if access is None or not reader.proven or not self._people.same(str(access["person"]), reader.name):
            fix = f"an approver can: adp decide {request_id} revoke"
            raise Denied(f"{reader.name or 'nobody'} was not granted this", where=request_id, fix=fix)
        if request.open:
            return self._approvals.cancel(request_id, note or f"withdrawn by {reader.name}")
        return self._approvals.revoke(request_id, reader.name, note)

    def _decide(self, reader: Reader, table: TableId, grant: Grant | None = None) -> Decision:
        from agents.core.policy import Request, Votes

        return self._policy().decide(
            Request(
                reader.name or "nobody",
                "read",
                table.environment,
                READ_TOOL,
                table.asset,
                approvals=Votes.of(grant.approvals) if grant else Votes(),
                person=True,
                requester_known=reader.proven,
                pii="unmasked",
            )
        )

    def _grants(self, reader: Reader, table: TableId, columns: Collection[str]) -> list[Grant]:
        found: list[Grant] = []
        for request in self._approvals.requests(("granted",)):
            access = request.effects.access
            if access is None or request.effects.digest != request.digest or str(table) not in request.effects.assets:
                continue
            own = self._people.same(str(access["person"]), reader.name)
            if own and (not access["columns"] or set(columns) <= set(access["columns"])):
                grant = self._approvals.standing(request.id)
                if grant is not None and grant.digest == request.digest:
                    found.append(grant)
        return found


def _effects(reader: Reader, table: TableId, columns: Sequence[str], hours: float, reason: str) -> Effects:
    agent, action = READER
    said = {
        "person": reader.name,
        "asset": str(table),
        "columns": sorted(set(columns)),
        "hours": hours,
        "reason": reason,
    }
    step = {"agent": agent, "action": action, "inputs": said}
    return Effects(table.environment, ("read",), {str(table): digest({"read": sorted(set(columns))})}, (step,))
