"""Source systems: databases and files to ingest from, read as Arrow batches in bounded memory."""

from resources.sources.connections import ConnectionConfig, load_connections
from resources.sources.sources import Sources
from resources.sources.stream import BatchStream
from resources.sources.watermark import from_text, to_text

__all__ = ["BatchStream", "ConnectionConfig", "Sources", "from_text", "load_connections", "to_text"]
