"""A real PostgreSQL and a real MariaDB for the tests: on loopback, on free ports, in a folder that goes with them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "s3cret/p@ss word"
PASSWORD_IN_URL = "s3cret%2Fp%40ss%20word"


@dataclass(frozen=True)
class Server:
    """A running server; `url` has the user's password in it."""

    host: str
    port: int
    url: str
    log: Path


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(*names: str, folders: str = "") -> str:
    """The first of these programs that is installed; else the test is skipped by that name."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
        if found and not folders:
            return found
        versions = sorted(Path("/").glob(folders), reverse=True) if folders else []
        for folder in versions:
            if (folder / name).is_file():
                return str(folder / name)
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


def _user(*names: str) -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves, or somebody unprivileged when we are root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("no unprivileged user to run a server as")


def _run(command: list[str], user: pwd.struct_passwd | None, log: Path, **kwargs: object) -> None:
    with log.open("ab") as output:
        done = subprocess.run(command, stdout=output, stderr=output, timeout=120, **_as(user), **kwargs)  # type: ignore[call-overload]
    if done.returncode:
        raise AssertionError(f"{command[0]} failed:\n{log.read_text(errors='replace')[-2000:]}")


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended:\n{log.read_text(errors='replace')[-2000:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not answer within a minute")


@contextmanager
def _folder(user: pwd.struct_passwd | None) -> Generator[Path]:
    # Short, because a Unix socket's path may have 107 bytes; opened for the server's user alone.
    folder = Path(tempfile.mkdtemp(prefix="adp-server-", dir="/tmp"))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], user: pwd.struct_passwd | None, port: int, log: Path) -> Generator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **_as(user))  # type: ignore[call-overload]
    try:
        _await(port, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


@contextmanager
def postgresql() -> Generator[Server]:
    """A PostgreSQL with the superuser `adp` and the database `postgres`, password asked for."""
    folders = "usr/lib/postgresql/*/bin"
    initdb, postgres = program("initdb", folders=folders), program("postgres", folders=folders)
    user, port = _user("postgres"), free_port()
    with _folder(user) as folder:
        log, secret = folder / "log", folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data = str(folder / "data")
        _run(
            [initdb, "-D", data, "-U", "adp", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"],
            user,
            log,
            cwd=folder,
        )
        command = [postgres, "-D", data, "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "fsync=off", "-c", "shared_buffers=64MB", "-c", "max_wal_size=1GB"]
        with _running(command, user, port, log):
            _said(log, "ready to accept connections")  # it listens before that
            yield Server("127.0.0.1", port, f"postgresql://adp:{PASSWORD_IN_URL}@127.0.0.1:{port}/postgres", log)


def _said(log: Path, words: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while words not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, f"the server never said {words!r}"
        time.sleep(0.1)


@contextmanager
def mariadb() -> Generator[Server]:
    """A MariaDB with the user `adp`, who may do everything, and the database `shop`."""
    install, server = program("mariadb-install-db", "mysql_install_db"), program("mariadbd", "mysqld")
    user, port = _user("mysql"), free_port()
    with _folder(user) as folder:
        log, data, start = folder / "log", str(folder / "data"), folder / "init.sql"
        start.write_text(
            "CREATE DATABASE shop CHARACTER SET utf8mb4;\n"
            f"CREATE USER 'adp'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO 'adp'@'%' WITH GRANT OPTION;\n"
        )
        _run([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"], user, log)
        command = [server, "--no-defaults", f"--datadir={data}", f"--socket={folder}/s", f"--port={port}"]
        command += ["--bind-address=127.0.0.1", f"--init-file={start}", f"--pid-file={folder}/pid"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--innodb-buffer-pool-size=64M"]
        with _running(command, user, port, log):
            yield Server("127.0.0.1", port, f"mysql://adp:{PASSWORD_IN_URL}@127.0.0.1:{port}/shop", log)
