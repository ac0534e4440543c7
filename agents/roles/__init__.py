"""The agents. `register_agents` makes those that are installed known, and a team's own."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from agents.core.errors import ConfigError
from agents.core.registry import REGISTRY, Registry

BUILT_IN = (
    "agents.roles.pipeline",
    "agents.roles.quality",
    "agents.roles.governance",
    "agents.roles.deployment",
    "agents.roles.delegate",
    "agents.roles.report",
)


def register_agents(extensions: Iterable[str] = ()) -> Registry:
    """Import the platform's agents, then the modules a team named in ADP_EXTENSIONS; the registry with all of them."""
    for name in BUILT_IN:
        import_module(name)
    for name in extensions:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise
            raise ConfigError(
                f"no module {name!r}", where="ADP_EXTENSIONS", fix="name an importable module, such as my_team.agents"
            ) from error
    return REGISTRY
