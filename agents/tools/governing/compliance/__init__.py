"""Compliance packs: controls as data, each evaluated from specs, lake, ledger and policies."""

from agents.tools.governing.compliance.evaluate import Assessment, Finding, assess
from agents.tools.governing.compliance.packs import Pack, load_packs, pack_named

ASSET = ("platform", "compliance")

__all__ = ["ASSET", "Assessment", "Finding", "Pack", "assess", "load_packs", "pack_named"]
