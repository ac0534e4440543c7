"""The sample sales system: a SQLite stand-in for SQL Server with the defects of a real one, each known."""

from resources.sample.build import create_sample, next_day
from resources.sample.report import Defect, SampleReport

__all__ = ["Defect", "SampleReport", "create_sample", "next_day"]
