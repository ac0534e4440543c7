"""Which tables a release, or the way back from one, means: every one that was named, or a question."""

from __future__ import annotations

from agents.roles.supervisor.draft import Draft
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.mentions import Mention, offered, resolve
from agents.roles.supervisor.understanding import Understanding

_WORDS = {"promote": "released", "rollback": "rolled back"}


def released(u: Understanding, draft: Draft, made: list[str], clause: int, action: str) -> list[str] | None:
    """The assets, `layer/table`, of the release asked for in the clause that starts there; None when that was asked.

    People are going to approve it: what was named and is not there is never left out of it in silence.
    """
    here = [m for m in u.in_clause(u.clause_at(clause)) if not u.negated(m.at)]
    for mention in here:
        if asked := _unclear(u, draft, mention, action):
            draft.ask(*asked)
            return None
    everywhere = [mention for mention in u.mentions if not u.negated(mention.at)]
    named = {ref.name for mention in everywhere for ref in _in_lake(u, mention)}
    if assets := made or sorted(named):
        return assets
    draft.ask(f"Which tables or models should be {_WORDS[action]}?", _lake(u))
    return None


def _unclear(u: Understanding, draft: Draft, mention: Mention, action: str) -> tuple[str, tuple[str, ...]] | None:
    """The question that a mention raises, with candidates; None where it is clear, or only a word in passing."""
    refs = _in_lake(u, mention)
    if len(refs) > 1:
        return f"Which table is {mention.said!r}?", tuple(map(str, refs))
    loaded = {load.ref for load in draft.loads}
    sources, _ = resolve(u.finder, mention, lambda ref: bool(ref.connection))
    if refs or loaded & set(sources) or not (mention.marked or mention.exact or _object(u, mention)):
        return None
    if draft.builds and not _written(u, mention):
        return None
    why = "is not in the lake yet" if sources else "is not in the lake"
    return f"{mention.said!r} {why}. What should be {_WORDS[action]}?", _near(u, mention)


def _in_lake(u: Understanding, mention: Mention) -> list[Ref]:
    return resolve(u.finder, mention, lambda ref: not ref.connection)[0]


def _near(u: Understanding, mention: Mention) -> tuple[str, ...]:
    """The lake's tables, those most like what was said first."""
    lake = _lake(u)
    return tuple(dict.fromkeys((*(name for name in offered(u.finder, mention) if name in lake), *lake)))[:8]


def _lake(u: Understanding) -> tuple[str, ...]:
    return tuple(sorted(ref.name for ref in u.finder.entries if not ref.connection))


def _written(u: Understanding, mention: Mention) -> bool:
    """Whether it is written like a name, or called a table."""
    return mention.marked or any(u.reading.tokens[at].kind == "name" for at in range(mention.at, mention.end))


def _object(u: Understanding, mention: Mention) -> bool:
    """Whether it is what the verb is about: right behind it, or listed with what is."""
    if _written(u, mention):
        return True
    before = [token for token in u.reading.tokens[max(0, mention.at - 3) : mention.at] if token.word not in _LINKS]
    return bool(before) and before[-1].claim in ("verb", "table")


_LINKS = frozenset({"the", "our", "of", "my", "and", ",", "both"})
