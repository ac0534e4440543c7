"""What runs print: as Dagster prints it, without secrets. It ends up in the compute logs, where many can read it."""

from __future__ import annotations

import logging

import dagster as dg
from dagster import colored_console_logger

from resources.secrets_said import hidden


class _Hiding(logging.Formatter):
    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return hidden(self._inner.format(record))


def _console(context: dg.InitLoggerContext) -> logging.Logger:
    made = colored_console_logger.logger_fn(context)
    for handler in made.handlers:
        handler.setFormatter(_Hiding(handler.formatter or logging.Formatter()))
    return made


console = dg.LoggerDefinition(
    _console, colored_console_logger.config_schema, description="Dagster's console logger; secrets are masked."
)
