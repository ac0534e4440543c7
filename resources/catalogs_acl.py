"""Access control lists of the lake in ADLS Gen2: who of two groups may read a table's folder.

The identity needs to own the folders or the role Storage Blob Data Owner, and the account a hierarchical namespace.
Entries of other people and of the owner stay; a role on the account, such as Storage Blob Data Reader, beats any ACL.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from agents.core.errors import ConfigError, SourceError
from resources.catalogs import ACLS, Catalog, Described
from resources.catalogs_http import Rest

_VERSION = "2023-11-03"
_AT_ONCE = "2000"  # paths a request; the service takes no more
_MOST = 10_000  # requests for one table


class LakeAcls(Catalog):
    """`readers` may read what holds no personal data in clear text, `personal` all; object ids of groups, or "".

    `rest` gives the client for an account's address.
    """

    name = ACLS

    def __init__(self, rest: Callable[[str], Rest], readers: str, personal: str) -> None:
        self._rest, self._readers, self._personal = rest, readers, personal

    def publish(self, table: Described) -> str:
        """Close the folder to those who may not see personal data before anybody else is let in; or open it.

        Rows in quarantine are closed with their table, and never opened: they may be older than what is known of it.
        """
        if not table.closed:
            groups = [group for group in (self._readers, self._personal) if group]
            entries = ",".join(_entries(f"group:{group}:r-x") for group in groups)
            return f"open to readers ({self._change(table, table.uri, 'modify', entries):,} paths)"
        changed = sum(self._close(table, uri) for uri in (table.uri, *table.beside))
        whom = "the group for personal data" if self._personal else "its owner"
        return f"closed to all but {whom} ({changed:,} paths)"

    def _close(self, table: Described, uri: str) -> int:
        if self._readers:
            self._change(table, uri, "remove", _entries(f"group:{self._readers}"))
        let_in = (_entries(f"group:{self._personal}:r-x"),) if self._personal else ()
        return self._change(table, uri, "modify", ",".join((_entries("other::---"), *let_in)))

    def _change(self, table: Described, uri: str, mode: str, entries: str) -> int:
        """Change a folder and all in it, page by page; how many paths were changed."""
        address, path = _place(uri)
        rest, changed, following = self._rest(address), 0, ""
        for _ in range(_MOST):
            params = {"action": "setAccessControlRecursive", "mode": mode, "maxRecords": _AT_ONCE}
            params |= {"continuation": following} if following else {}
            sent = {"x-ms-acl": entries, "x-ms-version": _VERSION}
            answer = rest.ask("PATCH", path, params=params, headers=sent, expected=(404,))
            if answer.status == 404:
                raise SourceError("the table has no folder yet", where=self.name, fix="materialize it, publish again")
            failed = int(answer.body.get("failureCount") or 0)
            if failed:
                fix = "make this process their owner, or give it the role Storage Blob Data Owner"
                raise SourceError(f"{failed:,} paths of {table.table} were refused", where=self.name, fix=fix)
            changed += sum(int(answer.body.get(key) or 0) for key in ("directoriesSuccessful", "filesSuccessful"))
            following = answer.headers.get("x-ms-continuation", "")
            if not following:
                return changed
        raise SourceError("the folder has no end", where=self.name, fix="optimize and vacuum the table")


def _entries(entry: str) -> str:
    """For what is there, and for what will be written."""
    return f"{entry},default:{entry}"


def _place(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    if parts.scheme != "abfss" or not parts.username or not parts.hostname:
        fix = "unset ADP_ACL_READERS and ADP_ACL_PERSONAL, or keep the lake at abfss://"
        raise ConfigError("the lake is not in ADLS Gen2", where=ACLS, fix=fix)
    return f"https://{parts.hostname}", quote(f"/{parts.username}{parts.path}")
