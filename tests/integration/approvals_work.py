"""What the processes of the concurrent approvals tests do; each is a real process with its own connections."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agents.core.approval import Choice
from agents.core.errors import ApprovalRequired, Denied
from tests.unit.approval_desk import Office, refresh, work

PEOPLE = ("anna", "ben", "cleo")
REQUESTS = 8


def submit(office: Office, worker: int) -> list[str]:
    """Submit the same runs as everybody else, and one of its own for the same thing."""
    own = office.approvals.submit(refresh(f"own-{worker}", partition=str(worker))).request
    return [own, *(office.approvals.submit(refresh(f"run-{n}", partition=f"p{n}")).request for n in range(5))]


def decide(office: Office, worker: int) -> list[str]:
    """Say a word of its own on each request; what it came to."""
    said: list[str] = []
    choice: Choice = "reject" if worker == 2 else "approve"
    for number in range(1, REQUESTS + 1):
        try:
            request = office.approvals.decide(f"AR-{number:06d}", choice, office.person(PEOPLE[worker]))
        except Denied:
            continue
        said.append(f"{request.id} {choice}")
    return said


def expire(office: Office, worker: int) -> list[str]:
    """Two decide while the third lets what is due expire."""
    if worker < 2:
        return decide(office, worker)
    office.clock.hours(100)
    return [f"{request.id} expired" for _ in range(20) for request in office.approvals.expire()]


def launch(office: Office, worker: int) -> list[str]:
    """Start a run of its own under the same single-use grant."""
    run = work(f"run-{worker}", "provision", action="provision")
    try:
        return [run.run_id] if office.approvals.launch(run) else []
    except ApprovalRequired:
        return []


TASKS: dict[str, Callable[[Office, int], list[str]]] = {
    task.__name__: task for task in (submit, decide, expire, launch)
}


def at_once(task: str, folder: Path, url: str) -> list[list[str]]:
    """What three processes that ran the task at once gave; all of them must end well."""
    command = [sys.executable, "-m", "tests.integration.approvals_work", task, str(folder), url]
    running = [
        subprocess.Popen(
            [*command, str(worker)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(len(PEOPLE))
    ]
    said = [process.communicate(timeout=180) for process in running]
    for process, (_, errors) in zip(running, said, strict=True):
        assert process.returncode == 0, errors
    return [json.loads(output) for output, _ in said]


if __name__ == "__main__":
    name, folder, url, number = sys.argv[1:]
    sys.stdout.write(json.dumps(TASKS[name](Office(Path(folder), url), int(number))))
