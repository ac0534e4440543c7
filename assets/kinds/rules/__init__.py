"""Quality rules in Great Expectations' format, compiled to DuckDB: split a batch, evaluate a table, name a check."""

from assets.kinds.rules.compile import RuleSet
from assets.kinds.rules.names import check_names
from assets.kinds.rules.registry import known_types
from assets.kinds.rules.result import RuleResult
from assets.kinds.rules.spark import SparkRules, spark_sql

__all__ = ["RuleResult", "RuleSet", "SparkRules", "check_names", "known_types", "spark_sql"]
