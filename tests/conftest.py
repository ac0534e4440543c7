"""Which tests share a worker: those of one deployment, or of one web server, start it once."""

from __future__ import annotations

from typing import Any

import pytest

# Marks for this (xdist_group) are lost with pytest 9.2: xdist 3.8 writes them into a name that is not read again.
SHARED = {"tests/e2e/": "deployment", "tests/integration/test_web_": "web"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Spread tests over the workers one by one, but each shared place as a whole."""
    from xdist.scheduler import LoadScopeScheduling

    class Places(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((place for start, place in SHARED.items() if nodeid.startswith(start)), nodeid)

    return Places(config, log)
