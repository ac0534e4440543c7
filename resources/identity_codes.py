"""One-time codes (RFC 6238: SHA-1, six digits, thirty seconds): each is good once, and guessing locks the name."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from resources.identity_names import canonical
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from resources.store_database import Database

STEP_SECONDS = 30
DRIFT = 1  # steps that a clock may be off
ATTEMPTS, LOCK_SECONDS = 5, 15 * 60
ISSUER = "Agentic Data Platform"
_NOBODY = "A" * 32  # compared with for names that do not exist, so that they take as long


def new_secret() -> str:
    """A secret for an authenticator: 160 random bits in base 32."""
    from pyotp import random_base32

    return random_base32(32)


def address(name: str, secret: str) -> str:
    """The `otpauth://` address that authenticator apps read from a QR code."""
    from pyotp.totp import TOTP

    return TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=name, issuer_name=ISSUER)


def matching_step(secret: str | None, code: str, now: float) -> int | None:
    """The time step that the code belongs to, within the drift; None for a wrong one. Takes equally long for all."""
    from pyotp.totp import TOTP

    digits, present, found = re.sub(r"[\s-]", "", code), int(now // STEP_SECONDS), None
    totp = TOTP(secret or _NOBODY, interval=STEP_SECONDS)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode("utf-8", "replace")):
            found = step
    return found if secret else None


def burn(connection: Connection, name: str, step: int) -> bool:
    """Use a code up; False when it, or a later one of the same person, was used before.

    One transaction at a time does this; should two ever meet, the table's key undoes the second.
    """
    used, key = tables().codes_used, canonical(name)
    later = connection.execute(used.select().where(used.c.name == key, used.c.step >= step).limit(1)).first()
    if later is not None:
        return False
    connection.execute(used.insert().values(name=key, step=step))
    connection.execute(used.delete().where(used.c.name == key, used.c.step < step - 2 * DRIFT - 1))
    return True


def locked(connection: Connection, name: str, now: float) -> bool:
    """Whether the name is locked because of wrong codes."""
    attempts = tables().code_attempts
    row = connection.execute(attempts.select().where(attempts.c.name == _attempts_of(name))).mappings().first()
    return row is not None and row["count"] >= ATTEMPTS and now < row["since"] + LOCK_SECONDS


def failed(database: Database, connection: Connection, name: str, now: float) -> bool:
    """Count a wrong code; True when this one locks the name. The lock lasts from the code that caused it."""
    attempts, key = tables().code_attempts, _attempts_of(name)
    connection.execute(attempts.delete().where(attempts.c.since <= now - LOCK_SECONDS))
    row = connection.execute(attempts.select().where(attempts.c.name == key)).mappings().first()
    count = row["count"] + 1 if row else 1
    since = row["since"] if row and count < ATTEMPTS else now
    database.upsert(connection, attempts, {"name": key, "since": since, "count": count}, ("since", "count"))
    return count >= ATTEMPTS


def passed(connection: Connection, name: str) -> None:
    """Forget the wrong codes of a name that has proved itself."""
    attempts = tables().code_attempts
    connection.execute(attempts.delete().where(attempts.c.name == _attempts_of(name)))


def _attempts_of(name: str) -> str:
    """Hashed: a name that does not exist may be a password or code typed into the wrong field."""
    return hashlib.sha256(canonical(name).encode("utf-8", "replace")).hexdigest()
