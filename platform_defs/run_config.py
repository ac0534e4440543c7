"""Run config as far as the outcome of a run depends on it, and the agents' steps in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resources.orchestrator import PRELOAD

# What `route` is told about whose steps these are: another goal, attempt or name changes nothing that is done.
_BOOKKEEPING = ("goal", "phase", "attempt", "requester", "environment")
_IN_PROCESS = {"retries", "marker_to_close"}
_MULTIPROCESS = {"retries", "max_concurrent", "tag_concurrency_limits", "start_method"}


@dataclass(frozen=True, slots=True)
class Phase:
    """What the run config of `workflow` says: where, for which goal, the agents' steps, and all the rest."""

    environment: str
    goal: str
    number: str = "1"
    attempt: str = "1"
    requester: str = ""
    steps: tuple[Mapping[str, Any], ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict[str, Any])


def effective(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without loggers, empty sections, and an executor that only says how many processes work."""
    kept = {name: section for name, section in config.items() if name != "loggers"}
    if _usual(kept.get("execution") or {}):
        kept.pop("execution", None)
    ops = kept.get("ops")
    if isinstance(ops, Mapping):
        kept["ops"] = {name: body for name, body in ops.items() if body not in (None, {}, {"config": {}})}
    return {name: section for name, section in kept.items() if section not in (None, {})}


def phase_of(config: Mapping[str, Any], agents: Collection[str]) -> Phase:
    """The phase in a run config of `workflow`; `agents` are the ops that take steps."""
    rest = effective(config)
    ops: dict[str, Any] = {name: dict(mapping(body)) for name, body in mapping(rest.get("ops")).items()}
    steps: list[Mapping[str, Any]] = []
    for name in [name for name in ops if name in agents]:
        settings = dict(mapping(ops[name].get("config")))
        steps += [{"agent": name, **mapping(step)} for step in sequence(settings.pop("steps", ()))]
        ops[name]["config"] = settings
    route = dict(mapping(ops.get("route", {}).get("config")))
    told = {key: route.pop(key, None) for key in _BOOKKEEPING}
    if "route" in ops:
        ops["route"]["config"] = route
    return Phase(
        environment=str(told["environment"] or "dev"),
        goal=str(told["goal"] or ""),
        number=str(told["phase"] or 1),
        attempt=str(told["attempt"] or 1),
        requester=str(told["requester"] or ""),
        steps=tuple(steps),
        rest=effective({**rest, "ops": ops}),
    )


def settled(value: Any, outputs: Mapping[str, Any], later: Collection[str]) -> Any:
    """An input with the outputs of earlier phases for each `{"from": "s1.dataset"}`; steps in `later` gave none yet."""
    if isinstance(value, Mapping):
        if set(value) == {"from"}:
            source, _, name = str(value["from"]).partition(".")
            found = mapping(outputs.get(source))
            return found[name] if source not in later and name in found else dict(value)
        return {key: settled(each, outputs, later) for key, each in value.items()}
    if isinstance(value, list):
        return [settled(each, outputs, later) for each in value]
    return value


def open_references(value: Any) -> bool:
    """Whether an input still names an output of another step."""
    if isinstance(value, Mapping):
        return set(value) == {"from"} or any(map(open_references, value.values()))
    return isinstance(value, list) and any(map(open_references, value))


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping, as run config should have it; else nothing."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[Any]:
    """The value where it is a list, as run config should have it; else nothing."""
    return value if isinstance(value, (list, tuple)) else ()


def _usual(execution: object) -> bool:
    """Whether it names Dagster's own executors and nothing that a process would load or be told beyond that."""
    config = dict(mapping(execution))
    inner = dict(mapping(config.pop("config", {})))
    if config:
        return False
    inside = dict(mapping(inner.pop("in_process", {})))
    several = dict(mapping(inner.pop("multiprocess", {}))) | inner
    return set(inside) <= _IN_PROCESS and set(several) <= _MULTIPROCESS and _starts(several.get("start_method"))


def _starts(method: object) -> bool:
    """Whether step processes start as usual: a forkserver that preloads other modules runs other code."""
    if method is None:
        return True
    forkserver = dict(mapping(mapping(method).get("forkserver")))
    preloaded = sequence(forkserver.pop("preload_modules", ()))
    return set(mapping(method)) <= {"spawn", "forkserver"} and not forkserver and set(preloaded) <= set(PRELOAD)
