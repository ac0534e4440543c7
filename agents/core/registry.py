"""Agents and the tools they call: one registry, two decorators, a second claim to a name is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args

from agents.core.errors import ConfigError

Effect = Literal["read", "write_spec", "write_data", "provision", "delete", "spend", "external"]
EFFECTS: tuple[str, ...] = get_args(Effect)
P = ParamSpec("P")
R = TypeVar("R")
Outputs = Mapping[str, Any]
Handler = Callable[..., Outputs]
Finisher = Callable[..., Mapping[str, Outputs]]


@dataclass(frozen=True, slots=True)
class Tool(Generic[P, R]):
    """A typed function an agent calls through the gate. Not callable by itself: see `agents.core.gate`."""

    name: str
    effect: Effect
    summary: str
    run: Callable[..., R] = field(repr=False)


@dataclass(slots=True)
class Agent:
    """A role. It runs as an op of `workflow` after the agents named in `after`, with one handler an action."""

    name: str
    description: str
    after: tuple[str, ...] = ()
    actions: dict[str, Handler] = field(default_factory=dict[str, Any])
    phrases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    effects: dict[str, tuple[Effect, ...]] = field(default_factory=dict[str, Any])
    finisher: Finisher | None = None

    def action(
        self, name: str, *, effects: tuple[Effect, ...], phrases: tuple[str, ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Register a handler `(work, **inputs) -> outputs`; `phrases` are words of a goal that ask for it.

        `effects` are all that it and the agent's finish may have through tools, empty for reading alone: people
        approve what is declared here, and the gate refuses the rest.
        """

        def register(handler: Handler) -> Handler:
            if name in self.actions:
                raise ConfigError(f"action {name!r} is registered twice", where=f"agent {self.name}")
            _known(effects, f"agent {self.name}, action {name}")
            self.actions[name] = handler
            self.effects[name] = tuple(dict.fromkeys(effects))
            self.phrases[name] = phrases
            return handler

        return register

    def finish(self, handler: Finisher) -> Finisher:
        """Register what follows all steps of a phase: `(work, outputs by step id) -> further outputs by step id`."""
        if self.finisher is not None:
            raise ConfigError("finish is registered twice", where=f"agent {self.name}")
        self.finisher = handler
        return handler


class Registry:
    """Everything installed. `agent` and `tool` add to it; iteration is in the order of work."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.tools: dict[str, Tool[..., Any]] = {}

    def agent(self, name: str, description: str, *, after: tuple[str, ...] = ()) -> Agent:
        """Claim an agent's name."""
        if name in self.agents:
            raise ConfigError(f"agent {name!r} is registered twice", fix="choose another name")
        if not name.isidentifier():
            raise ConfigError(f"agent name {name!r} is not an identifier")
        made = Agent(name, description, after)
        self.agents[name] = made
        return made

    def tool(self, name: str, *, effect: Effect) -> Callable[[Callable[..., R]], Tool[..., R]]:
        """Claim a tool's name and declare its effect. The function gets the platform first, then its inputs."""
        _known((effect,), f"tool {name}")

        def register(run: Callable[..., R]) -> Tool[..., R]:
            if name in self.tools:
                raise ConfigError(f"tool {name!r} is registered twice", fix="choose another name")
            made: Tool[..., R] = Tool(name, effect, (run.__doc__ or "").strip().split("\n")[0], run)
            self.tools[name] = made
            return made

        return register

    def installed(self) -> list[tuple[str, str]]:
        """Every agent and action that can be done here."""
        return [(agent.name, action) for agent in self.agents.values() for action in agent.actions]

    def effects(self, agent: str, action: str) -> tuple[Effect, ...]:
        """What an action declares to do. Raises ConfigError for what nobody registered: unknown is not harmless."""
        found = self.agents.get(agent)
        if found is None or action not in found.effects:
            raise ConfigError(
                f"nobody registered {agent}.{action}", fix="run `adp doctor` to see which agents there are"
            )
        return found.effects[action]

    def phrases(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Words of a goal that ask for an action, as agents declared them."""
        return {a.name: a.phrases for a in self.agents.values() if any(a.phrases.values())}

    def ordered(self) -> Iterator[Agent]:
        """Agents so that each comes after those it names; names not installed are passed over."""
        done: dict[str, Agent] = {}
        waiting = dict(self.agents)
        while waiting:
            ready = [a for a in waiting.values() if not any(name in waiting for name in a.after)]
            if not ready:
                raise ConfigError(f"agents wait for each other: {', '.join(sorted(waiting))}")
            for agent in ready:
                done[agent.name] = waiting.pop(agent.name)
        return iter(done.values())


def _known(effects: tuple[str, ...], where: str) -> None:
    for effect in effects:
        if effect not in EFFECTS:
            raise ConfigError(f"unknown effect {effect!r}", where=where, fix=f"use one of {', '.join(EFFECTS)}")


REGISTRY = Registry()
agent = REGISTRY.agent
tool = REGISTRY.tool
