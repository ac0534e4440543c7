"""Agents as Dagster sees them: the `goal` and `workflow` jobs, built from the registry."""
