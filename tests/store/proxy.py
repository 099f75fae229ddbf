"""A wire between a client and a server that a test can cut, at the byte it chooses."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """Listens on a port of its own and passes everything on, until it is told otherwise.

    `cut_when(test)`: cut both sides when something that the client says passes the test, after
    the server has received it (`deliver`) or before.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._test: Callable[[bytes], bool] | None = None
        self._deliver = True
        self._silent = threading.Event()
        self._stranded: set[socket.socket] = set()
        self.cuts = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._silent.clear()
        # Closing a socket does not wake the thread that accepts on it: shutting it down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut_when(self, test: Callable[[bytes], bool], *, deliver: bool) -> None:
        """Cut once, at the first thing a client says that passes the test."""
        self._test, self._deliver = test, deliver

    def silence(self) -> None:
        """Swallow everything, as a network does that lost a route: nobody is told."""
        self._silent.set()

    def strand(self) -> None:
        """Swallow for ever what is said on the connections that are open; new ones are sound."""
        self._stranded.update(self._open)

    def heal(self) -> None:
        """Cut what was silent, and let everything new through."""
        self._silent.clear()
        self.cut()

    def through(self, url: str) -> str:
        """The address of a database of this server, by way of this wire."""
        return url.replace(f":{self._server}/", f":{self.port}/")

    def cut(self) -> None:
        """Cut every connection that is open."""
        while self._open:
            end = self._open.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server))
                except OSError:  # the server is away: whoever calls is told
                    client.close()
                    continue
                self._connect(client, server)

    def _connect(self, client: socket.socket, server: socket.socket) -> None:
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open += [client, server]
        for source, target in ((client, server), (server, client)):
            threading.Thread(
                target=self._pass_on, args=(source, target, source is client), daemon=True
            ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while said := source.recv(65_536):
                if self._silent.is_set() or source in self._stranded:
                    continue
                if from_client and self._test and self._test(said):
                    self._test = None
                    self._cut_at(said, source, target)
                    return
                target.sendall(said)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut_at(self, said: bytes, client: socket.socket, server: socket.socket) -> None:
        self.cuts += 1
        client.shutdown(socket.SHUT_RDWR)
        if self._deliver:
            server.sendall(said)
            # No more from us: the server works through what it has, and then sees the end.
            server.shutdown(socket.SHUT_WR)
            while server.recv(65_536):
                pass
        server.shutdown(socket.SHUT_RDWR)
