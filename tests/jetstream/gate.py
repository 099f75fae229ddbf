"""A gate before a service: it answers as told a few times, and then lets everything through."""

import http.client
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Script = list[tuple[int, dict[str, str], Any]]
"""What is answered first: status (0 hangs up), headers, and a body: bytes, or else JSON."""


class Gate:
    """Where it is, and what came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[list[dict[str, Any]]] = []
        """The commands of each request."""


@contextmanager
def gate(before: str, script: Script) -> Iterator[Gate]:
    """A gate until the end of the block. Without a service behind it, it says that all is done."""
    waiting = deque(script)
    found = Gate("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.append(json.loads(body)["commands"])
            if waiting:
                status, headers, content = waiting.popleft()
                if status:
                    told = content if isinstance(content, bytes) else json.dumps(content).encode()
                    self._answer(status, told, headers)
                self.close_connection = not status
            else:
                self._answer(*self._through(body), {})

        def _through(self, body: bytes) -> tuple[int, bytes]:
            if not before:
                receipt = {"incident_id": "i", "changed": True}
                done = [{"status": 201, "receipt": receipt} for _ in found.asked[-1]]
                return 200, json.dumps({"results": done}).encode()
            place = urlsplit(before)
            behind = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
            behind.request("POST", self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
            behind.close()
            return answer.status, content

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
