"""What step processes need, loaded once a run before they are forked from it: a step then starts in no time."""

import adbc_driver_postgresql.dbapi
import dagster_graphql.schema
import deltalake
import duckdb
import polars
import pyarrow.dataset
import ruamel.yaml
import sqlalchemy
import sqlglot

import platform_defs.definitions

__all__ = [
    "adbc_driver_postgresql",
    "dagster_graphql",
    "deltalake",
    "duckdb",
    "platform_defs",
    "polars",
    "pyarrow",
    "ruamel",
    "sqlalchemy",
    "sqlglot",
]
