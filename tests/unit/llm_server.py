"""An OpenAI-compatible server on this machine that answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Gives `replies` one after the other, the last one for ever.

    A reply is a content, raw bytes, a status, seconds to drip, or a status and seconds.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Any] = []
        self.keys: list[str] = []
        self.replies: list[Any] = [{}]

    @property
    def url(self) -> str:
        """The address to configure."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        reply = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        if isinstance(reply, float | tuple):
            self._drip(*(reply if isinstance(reply, tuple) else (200, reply)))
            return
        if isinstance(reply, int):
            self._send(reply, b'{"error": {"message": "no"}}')
            return
        if isinstance(reply, bytes):
            self._send(200, reply)
            return
        content = reply if isinstance(reply, str) else json.dumps(reply)
        message = {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
        usage = {"usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
        self._send(200, json.dumps({**message, **usage}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def _drip(self, status: int, seconds: float) -> None:
        """A byte now and then: no single read times out."""
        self.send_response(status)
        self.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server that is gone when the block ends."""
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
