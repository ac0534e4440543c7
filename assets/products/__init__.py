"""Assets that people write in Python: one file or folder a product, loaded by Dagster's own loader."""
