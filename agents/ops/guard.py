"""The boundary around every agent op: one place where errors are recorded and told to Dagster."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from dagster import Failure, MetadataValue, RetryRequested

from agents.core.errors import PlatformError, StateError, Unreachable, WriteConflict
from resources.ledger import Ledger
from resources.unexpected import alone, data_errors, wordless

TRANSIENT = (Unreachable, WriteConflict)
MAX_RETRIES = 2
RETRY_SECONDS = 5


@contextmanager
def guard(ledger: Ledger, agent: str, goal: str, run_id: str) -> Generator[None]:
    """Record what went wrong and raise it as Dagster's failure; passing troubles are tried again."""
    try:
        yield
    except TRANSIENT as error:
        _record(ledger, agent, goal, run_id, error)
        raise RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=RETRY_SECONDS) from alone(error)
    except PlatformError as error:
        _record(ledger, agent, goal, run_id, error)
        raise Failure(
            str(error),
            metadata={"what": error.what, "where": error.where, "fix": MetadataValue.md(error.fix or "-")},
            allow_retries=False,
        ) from alone(error)
    except data_errors() as error:
        unforeseen = wordless(error, agent)
        _record(ledger, agent, goal, run_id, unforeseen)
        raise Failure(str(unforeseen), allow_retries=False) from unforeseen
    except Exception as error:
        _record(ledger, agent, goal, run_id, StateError(f"unexpected {type(error).__name__}"))
        raise


def _record(ledger: Ledger, agent: str, goal: str, run_id: str, error: PlatformError) -> None:
    ledger.append(
        "failure", agent, type(error).__name__, subject=error.where, why=goal, trace=run_id, facts={"what": error.what}
    )
