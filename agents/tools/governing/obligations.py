"""Tools that hold regulations against the deployment."""

from __future__ import annotations

from agents.core.registry import tool
from agents.tools.governing.compliance import Assessment, load_packs, pack_named
from agents.tools.governing.compliance import assess as assessed
from agents.tools.session import Session


@tool("compliance.assess", effect="read")
def assess(session: Session, regulation: str) -> Assessment:
    """Every control of a regulation, evaluated over the tables of this environment."""
    platform = session.platform
    pack = pack_named(load_packs(platform.settings.policies), regulation)
    return assessed(platform, [pack], [session.environment])[0]
