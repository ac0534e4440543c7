"""Policy: may this principal have this effect on this environment? Cedar decides; default deny."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import ConfigError
from agents.core.registry import Effect

Verdict = Literal["allow", "ask", "deny"]
POLICIES = Path(__file__).parent.parent / "policies"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that somebody wants to do."""

    principal: str
    effect: Effect
    environment: str
    tool: str
    asset: str | None = None
    approved: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and the ids of the policies that decided it; no id means nothing permits it."""

    verdict: Verdict
    rules: tuple[str, ...] = ()


class Policy:
    """The Cedar policies of a folder, validated against their schema when constructed."""

    def __init__(self, folder: Path = POLICIES) -> None:
        import cedarpy

        self._cedar = cedarpy
        schema = (folder / "platform.cedarschema").read_text()
        files = sorted(folder.glob("*.cedar"))
        for file in files:
            _check(cedarpy, file, schema)
        text = "\n".join(file.read_text() for file in files)
        try:
            self._policies: Any = cedarpy.PolicySet.from_str(text)
            self._schema: Any = cedarpy.Schema.from_str(schema)
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"policies do not load: {error}", where=str(folder)) from error

    def decide(self, request: Request) -> Decision:
        """Allow, ask (allowed once approved), or deny. An environment nobody knows is denied."""
        if request.environment not in ENVIRONMENTS:
            return Decision("deny")
        granted, rules = self._permits(request, request.approved)
        if granted:
            return Decision("allow", rules)
        if not request.approved:
            askable, rules_if = self._permits(request, True)
            if askable:
                return Decision("ask", rules_if)
        return Decision("deny", rules)

    def _permits(self, request: Request, approved: bool) -> tuple[bool, tuple[str, ...]]:
        context: dict[str, Any] = {"tool": request.tool, "approved": approved}
        if request.asset:
            context["asset"] = request.asset
        kind = "Person" if request.person else "Agent"
        answer = self._cedar.is_authorized(
            {
                "principal": f"{kind}::{json.dumps(request.principal)}",
                "action": f"Action::{json.dumps(request.effect)}",
                "resource": f"Environment::{json.dumps(request.environment)}",
                "context": context,
            },
            self._policies,
            [],
            self._schema,
        )
        if answer.diagnostics.errors:
            raise ConfigError(f"a policy failed: {answer.diagnostics.errors[0]}", where=str(POLICIES))
        named = answer.diagnostics.id_annotations_by_reason
        return answer.allowed, tuple(str(named.get(r) or r) for r in answer.diagnostics.reasons)


def _check(cedarpy: Any, file: Path, schema: str) -> None:
    text = file.read_text()
    try:
        found = cedarpy.validate_policies(text, schema)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"policy does not parse: {error}", where=str(file), fix="mend the file") from error
    if not found.validation_passed:
        wrong = "; ".join(str(error) for error in found.errors)
        raise ConfigError(f"policy is not valid: {wrong}", where=str(file), fix="mend the file")
