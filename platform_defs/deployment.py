"""A deployment on this machine: code server, webserver and daemon, started, watched, restarted, stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from filelock import FileLock, Timeout

from agents.core.errors import ConfigError
from platform_defs.client import Client, credentials
from platform_defs.instance import LOCATION, Home, prepare
from platform_defs.web_identity import SECRET
from platform_defs.web_requests import check
from resources.keys import SIGNING_KEY, SIGNING_PUBLIC_KEY, Keys
from resources.masking_keys import MASKING_KEY, create_masking_key
from resources.platform import Platform
from resources.settings import SECRET_PREFIX, Settings, environment

START_SECONDS = 120
PATIENCE_SECONDS = 5
STOP_SECONDS = 15
HOST = "127.0.0.1"
# Secrets that a process does not get to see: what runs people's code neither signs grants nor speaks for the proxy.
KEPT_FROM = {"code-server": frozenset({SIGNING_KEY, SECRET}), "daemon": frozenset({SECRET})}


@dataclass(slots=True)
class Process:
    """One supervised program. `restarts` counts how often it came back."""

    name: str
    command: list[str]
    log: Path
    env: Mapping[str, str]
    handle: subprocess.Popen[bytes] | None = None
    patience: float = STOP_SECONDS
    restarts: int = 0
    started: float = 0.0

    def start(self) -> None:
        """Start it in a group of its own, so that stopping reaches its children."""
        out: IO[bytes] = self.log.open("ab")
        with out:
            self.handle = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=dict(self.env),
                start_new_session=True,
            )
        self.started = time.monotonic()

    def dead(self) -> bool:
        """True when it was started and has ended."""
        return self.handle is not None and self.handle.poll() is not None

    def stop(self) -> None:
        """Ask it to end, then make it end."""
        if self.handle is None:
            return
        for how, patience in ((signal.SIGTERM, self.patience), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.handle.pid, how)
                self.handle.wait(patience)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue
            # Its children share the group and may outlive it.
            if how is signal.SIGTERM:
                _kill_group(self.handle.pid)
            return


@dataclass(slots=True)
class Deployment:
    """Use as a context manager: everything is up inside it, and down after it."""

    settings: Settings
    say: Callable[[str], None]
    processes: list[Process] = field(default_factory=list[Process])
    url: str = ""
    _stack: ExitStack = field(default_factory=ExitStack)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        home = Home(self.settings.state_dir)
        home.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._stack.enter_context(_only_one(home))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        Home(self.settings.state_dir).record.unlink(missing_ok=True)
        for process in reversed(self.processes):
            process.stop()
        self._stack.close()

    def _start(self) -> None:
        platform = Platform.of(self.settings)
        _refuse_early(platform)
        code_port, port = free_port(0), free_port(self.settings.port)
        home = prepare(self.settings, code_port)
        if port != self.settings.port:
            self.say(f"Port {self.settings.port} is in use; taking {port}")
        self.url = f"http://{HOST}:{port}"
        public = self.settings.base_url if self.settings.user_header else self.url
        env = {**environment(), **home.environment(), "ADP_BASE_URL": public}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # a run would compile every module anew: seconds for each process
        self.processes = [
            Process(name, command, home.logs / f"{name}.log", process_environment(name, env, platform.keys))
            for name, command in commands(home, code_port, port)
        ]
        code, *rest = self.processes
        self.say("Starting the code server")
        code.start()
        self._wait(code, lambda: _listens(code_port))
        self.say("Starting the webserver and the daemon")
        for process in rest:
            process.start()
        self._wait(rest[0], lambda: _answers(self.url))
        if error := Client(self.url, headers=credentials(platform)).load_error():
            raise ConfigError(
                f"the definitions do not load: {error}", where=str(code.log), fix="mend it and start again"
            )
        home.record.write_text(json.dumps({"url": self.url, "pid": os.getpid(), "location": LOCATION}))
        threading.Thread(target=self._watch, daemon=True, name="deployment").start()

    def _wait(self, process: Process, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        said = time.monotonic()
        while not ready():
            if time.monotonic() - said > PATIENCE_SECONDS:
                said = time.monotonic()
                left = f"{deadline - said:.0f} s at most"
                self.say(f"The {process.name} is loading; a first start compiles its libraries, {left}: {process.log}")
            if process.dead() or time.monotonic() > deadline:
                raise ConfigError(
                    f"the {process.name} did not start",
                    where=str(process.log),
                    fix=f"its last words:\n{tail(process.log)}",
                )
            time.sleep(0.2)

    def _watch(self) -> None:
        while not self._stopping.wait(0.5):
            for process in self.processes:
                if process.dead() and not self._stopping.is_set():
                    # One that lived long comes back at once; one that dies at its start waits longer each time.
                    quick = time.monotonic() - process.started < 10
                    process.restarts = process.restarts + 1 if quick else 1
                    self.say(f"The {process.name} died; starting it again")
                    if self._stopping.wait(min(30, 2**process.restarts / 2)):
                        return
                    process.start()

    def wait(self) -> None:
        """Stay until somebody asks this process to stop."""
        while not self._stopping.wait(1):
            pass


def process_environment(name: str, env: Mapping[str, str], keys: Keys) -> Mapping[str, str]:
    """What one process sees of the environment: the code server, and the runs it starts, can verify but not sign."""
    kept = KEPT_FROM.get(name, frozenset())
    seen = {key: value for key, value in env.items() if key.removeprefix(SECRET_PREFIX) not in kept}
    return {**seen, SECRET_PREFIX + SIGNING_PUBLIC_KEY: keys.public} if SIGNING_KEY in kept else seen


def _refuse_early(platform: Platform) -> None:
    """Raise ConfigError for what would make the deployment unsafe or dead, before anything of it runs."""
    check(platform, HOST)
    platform.keys.create()
    if platform.settings.profile == "local" and not platform.secrets.get(MASKING_KEY):
        create_masking_key(platform.settings.secrets_dir)
    platform.policy()
    platform.people.all()


def commands(home: Home, code_port: int, port: int) -> list[tuple[str, list[str]]]:
    """Name and command of each process; the code server first."""
    bin_dir, address, python = Path(sys.executable).parent, ["--host", HOST, "--port", str(port)], sys.executable
    module = ["-m", "platform_defs.definitions", "--location-name", LOCATION]
    code = [python, "-m", "dagster", "code-server", "start", *module, "--host", HOST, "--port", str(code_port)]
    web = [str(bin_dir / "adp"), "web", *address, "-w", str(home.workspace)]
    daemon = [str(bin_dir / "dagster-daemon"), "run", "-w", str(home.workspace)]
    return [("code-server", code), ("webserver", web), ("daemon", daemon)]


def free_port(wanted: int, host: str = HOST) -> int:
    """`wanted` or the next port that nobody listens on; any free one for 0."""
    for port in [0] if wanted == 0 else range(wanted, min(wanted + 50, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigError(f"no free port from {wanted} on", where="ADP_PORT", fix="set ADP_PORT to another port")


@contextmanager
def _only_one(home: Home):
    lock = FileLock(home.state / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        running = home.running() or {}
        raise ConfigError(
            f"a deployment of this state folder is already running at {running.get('url', 'an unknown address')}",
            where=str(home.state),
            fix="use it, stop it, or set ADP_STATE to another folder",
        ) from None
    try:
        _need_space(home.state)
        yield
    finally:
        lock.release()


def _need_space(folder: Path, megabytes: int = 500) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise ConfigError(f"only {free} MB are free", where=str(folder), fix=f"free at least {megabytes} MB")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/server_info", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(nothing)"
