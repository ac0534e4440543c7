"""Masking of columns: Arrow arrays in, Arrow arrays out. Imported when a view runs, not when definitions load."""

from assets.kinds.masking.inside import Scan
from assets.kinds.masking.methods import REDACTED, masker, opened

__all__ = ["REDACTED", "Scan", "masker", "opened"]
