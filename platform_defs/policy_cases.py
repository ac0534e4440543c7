"""Cases for policies, in YAML: a request, and the decision that people expect of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from agents.core.errors import ConfigError
from agents.core.policy import Decision, Policy, Request, Verdict, Votes
from agents.core.registry import Effect
from agents.core.risk import Level


class Asked(BaseModel):
    """A request as a case gives it; `approvals` is a number, `groups` those of the people who approved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    effect: Effect | Literal["approve"]
    environment: str
    principal: str = "pipeline"
    person: bool = False
    tool: str = "run"
    asset: str | None = None
    approvals: int = 0
    groups: list[str] = []
    requester_known: bool = True
    risk: Level = "low"
    blast_radius: int = 0
    pii: Literal["none", "masked", "unmasked", "unknown"] = "unknown"
    reversible: bool = True
    monthly_usd: float | None = None
    budget_usd: float | None = None
    at: datetime | None = None

    def request(self) -> Request:
        """What the policy is asked."""
        given = self.model_dump(exclude={"approvals", "groups"})
        return Request(**given, approvals=Votes(self.approvals, frozenset(self.groups)))


class Expected(BaseModel):
    """What has to come out. What a case leaves out may be anything."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Verdict
    rules: list[str] | None = None
    quorum: int | None = None
    groups: list[str] | None = None
    waiting: bool | None = None


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    request: Asked
    expect: Expected


@dataclass(frozen=True, slots=True)
class Case:
    """One case and where it stands (`file:line`)."""

    name: str
    where: str
    request: Request
    expect: Expected

    def misses(self, decision: Decision) -> list[str]:
        """In words, how a decision differs from what is expected; rules and groups in any order."""
        found: dict[str, Any] = {
            "verdict": decision.verdict,
            "rules": sorted(decision.rules),
            "quorum": decision.quorum,
            "groups": sorted(decision.groups),
            "waiting": decision.waiting,
        }
        expected = {k: sorted(v) if isinstance(v, list) else v for k, v in self.expect.model_dump().items()}
        return [
            f"{name}: expected {_shown(wanted)}, got {_shown(found[name])}"
            for name, wanted in expected.items()
            if wanted is not None and wanted != found[name]
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, what was decided, and how that differs from what is expected."""

    case: Case
    decision: Decision
    misses: tuple[str, ...]


def run_cases(policy: Policy, file: Path) -> list[Outcome]:
    """Decide every case of a file. Raises ConfigError, with the line, for a file that is no list of cases."""
    decided = [(case, policy.decide(case.request)) for case in _cases(file)]
    return [Outcome(case, decision, tuple(case.misses(decision))) for case, decision in decided]


def _cases(file: Path) -> Iterator[Case]:
    try:
        loader = yaml.SafeLoader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cases cannot be read: {why}", where=str(file)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"cases do not parse: {error.problem}", where=f"{file}:{line}") from error
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise ConfigError("no list of cases", where=f"{file}:1", fix="write - {name, request, expect} entries")
    for item in node.value:
        where = f"{file}:{item.start_mark.line + 1}"
        try:
            form = TypeAdapter(_Form).validate_python(loader.construct_object(item, deep=True))
        except ValidationError as error:
            first = error.errors()[0]
            # Of an effect pydantic adds by which of its kinds it was tried.
            named = ".".join(str(part) for part in first["loc"] if not str(part).startswith("literal["))
            raise ConfigError(f"{named}: {first['msg']}", where=where) from error
        yield Case(form.name, where, form.request.request(), form.expect)


def _shown(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value).lower()
