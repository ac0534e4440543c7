"""Approvers with an authenticator of their own, for tests against a running deployment."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import pyotp

from resources.platform import Platform

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Approver:
    """A person who may decide, and the seed of their authenticator."""

    name: str
    secret: str

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return pyotp.TOTP(self.secret).at(time.time() + 30 * steps)


def approver(platform: Platform, *groups: str, role: str = "approver") -> Approver:
    """Somebody new: each code is good once, so every decision of a test gets a person of its own."""
    name = f"approver{next(_NUMBERS)}@example.com"
    enrolled = platform.people.add(name, groups=groups or ("platform",), roles=(role,), by="test")
    return Approver(name, enrolled.secret)
