"""Which tests share a worker (those of one deployment, or of one web server, start it once), and what properties are
tried with: no test fails because the machine was busy, and none leaves examples behind.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

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
