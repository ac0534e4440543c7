"""The policies in force: loaded anew when a file of their folder has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.errors import ConfigError

if TYPE_CHECKING:
    from agents.core.policy import Policy

_Stamp = tuple[tuple[str, int, int, int, int], ...]


class Policies:
    """Calling it gives the policies as their files stand now. Raises ConfigError when they cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: tuple[_Stamp, Policy] | None = None

    def __call__(self) -> Policy:
        """The policies; files that changed while they were read are read again at the next call."""
        from agents.core.policy import Policy

        stamp, loaded = _stamp(self._folder), self._loaded
        if loaded is None or loaded[0] != stamp:
            self._loaded = loaded = (stamp, Policy(self._folder))
        return loaded[1]


def _stamp(folder: Path) -> _Stamp:
    """What tells that a file is another; the time of its last change cannot be set back by who edits it."""
    try:
        files = sorted((*folder.glob("*.cedar"), *folder.glob("*.cedarschema")))
        found = [(file.name, file.stat()) for file in files]
    except OSError as error:
        raise ConfigError(
            f"the policies cannot be read ({error.strerror})", where=str(folder), fix="check the folder's rights"
        ) from error
    return tuple((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in found)
