"""The platform's errors, one tree.

PlatformError
├── ConfigError          settings, connections.yaml, ports, missing programs
├── GoalError            a goal or plan that cannot be used
├── SpecError            a defs.yaml entry that is wrong
│   ├── RuleError        a quality rule that cannot be evaluated
│   └── ContractBroken   data or a spec that takes back what a table promises
├── SourceError          a source system
│   ├── UnknownSource    no such connection or table
│   ├── Unreachable      nothing answers, or not in time
│   └── AccessRefused    wrong user, password or right
├── LakeError            the lake
│   ├── TableNotFound    no such table
│   ├── SchemaMismatch   data that the table cannot take
│   ├── WriteConflict    somebody else committed first
│   └── StorageFailed    disk full, read-only, permission
├── PolicyError          the gate
│   ├── Denied           policy forbids it, whoever approves
│   └── ApprovalRequired policy allows it once a person approved
├── StateError           store, ledger, specs repository
└── RunFailed            a child run ended without success
"""

from __future__ import annotations


class PlatformError(Exception):
    """What was wrong, where, and what to do; `fields` hold the public facts behind it.

    Nothing secret or personal may be put into any part: the text reaches logs, the ledger and the UI.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", **fields: object) -> None:
        self.what, self.where, self.fix, self.fields = what, where, fix, fields
        super().__init__(str(self))

    def __str__(self) -> str:
        said = not self.where or self.what.startswith((f"{self.where} ", f"{self.where}: "))
        text = self.what if said else f"{self.where}: {self.what}"
        return f"{text}\n  fix: {self.fix}" if self.fix else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.fix, self.fields)


def _rebuild(kind: type[PlatformError], what: str, where: str, fix: str, fields: dict[str, object]) -> PlatformError:
    return kind(what, where=where, fix=fix, **fields)


class ConfigError(PlatformError):
    """Settings, connections, ports or programs are not as needed."""


class GoalError(PlatformError):
    """A goal or a plan cannot be used as it is."""


class SpecError(PlatformError):
    """An entry of a product's defs.yaml is wrong."""


class RuleError(SpecError):
    """A quality rule cannot be evaluated on its table."""


class ContractBroken(SpecError):
    """What arrives, or the spec, takes back what a table promises its readers; people decide on it."""


class SourceError(PlatformError):
    """A source system failed or holds what cannot be read."""


class UnknownSource(SourceError):
    """No such connection or table."""


class Unreachable(SourceError):
    """Nothing answers at the source's address, or not in time."""


class AccessRefused(SourceError):
    """The source refuses the user, the password or the right."""


class LakeError(PlatformError):
    """The lake cannot do what was asked; it is as it was before."""


class TableNotFound(LakeError):
    """No such table in the lake."""


class SchemaMismatch(LakeError):
    """The data has a shape that the table cannot take."""


class WriteConflict(LakeError):
    """Somebody else committed to the same table first."""


class StorageFailed(LakeError):
    """The storage refused: full, read-only, or not permitted."""


class PolicyError(PlatformError):
    """The gate did not let the call pass."""


class Denied(PolicyError):
    """Policy forbids it, whoever approves."""


class ApprovalRequired(PolicyError):
    """Policy allows it only after a person approved."""


class StateError(PlatformError):
    """Store, ledger or specs repository are not usable."""


class RunFailed(PlatformError):
    """A child run ended without success."""
