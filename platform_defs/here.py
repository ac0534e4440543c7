"""Whether there is a deployment where a command is run: what only looks at one makes none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.errors import ConfigError
from resources.settings import Settings, load_settings

if TYPE_CHECKING:
    from resources.personal import PersonalData
    from resources.platform import Platform


def deployed(personal: PersonalData | None = None) -> Platform:
    """The platform of the deployment here. Raises ConfigError where there is none: an empty answer would be untrue."""
    from resources.platform import open_platform

    settings = load_settings()
    if not is_here(settings):
        raise _nothing(settings)
    return open_platform(settings, personal=personal)


def with_specs() -> Platform:
    """As `deployed`; products that people keep somewhere else are enough."""
    from resources.platform import open_platform

    settings = load_settings()
    platform = open_platform(settings)
    if not is_here(settings) and not platform.specs.products():
        raise _nothing(settings)
    return platform


def with_sources() -> Platform:
    """As `deployed`; a connections file is enough."""
    from resources.platform import open_platform

    settings = load_settings()
    if not is_here(settings) and not settings.connections_file.exists():
        raise _nothing(settings)
    return open_platform(settings)


def is_here(settings: Settings) -> bool:
    """Whether a state folder, a store or a lake is there, on this disk or, where settings name one, elsewhere."""
    state = settings.state_dir
    if state.is_dir() and any(state.iterdir()):
        return True
    file = settings.store_url.removeprefix("sqlite:///")
    stored = "://" in file or Path(file).exists()
    return stored or any("://" in root or Path(root).exists() for root in settings.lake_roots.values())


def _nothing(settings: Settings) -> ConfigError:
    fix = "go to the folder of one or set ADP_STATE to its state folder; to start one: adp up, or adp demo to see one"
    return ConfigError("there is no deployment here", where=str(settings.state_dir), fix=fix)
