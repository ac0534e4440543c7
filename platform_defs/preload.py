"""What step processes need, loaded once a run before they are forked from it: a step then starts in no time."""

from importlib import import_module

for name in (
    "adbc_driver_postgresql.dbapi",
    "dagster_graphql.schema",
    "deltalake",
    "duckdb",
    "polars",
    "pyarrow.dataset",
    "ruamel.yaml",
    "sqlalchemy",
    "sqlglot",
    "platform_defs.definitions",
):
    import_module(name)
