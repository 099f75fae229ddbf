"""The service as a process: where it may listen, how it starts, how it ends."""

import asyncio
import getpass
import signal
import socket
import sys
from contextlib import closing
from types import FrameType

import uvicorn

from tocsin.http.app import Tocsin, create_app
from tocsin.http.companion import companions
from tocsin.http.protocol import protocol
from tocsin.keys import Keys
from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.variables import BadSetting

BACKLOG = 2_048


class CannotListen(BadSetting):
    """The address is not there or taken."""


class Server(uvicorn.Server):
    """uvicorn, that lets waiting readers go before it waits for them, and returns when told to."""

    def __init__(self, config: uvicorn.Config, app: Tocsin) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; a second Ctrl-C ends at once."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was accepted, and no more."""
        self._app.service.begin_to_stop()
        await super().shutdown(sockets)


def first_key(settings: Settings) -> str | None:
    """Make the first key if there has never been one, and return its text."""
    with closing(Keys.open(settings)) as keys:
        return keys.create_first(by=f"{getpass.getuser()} (first start)")


def check_exposure(settings: Settings) -> None:
    """Refuse to be public by accident.

    Raises:
        BadSetting: the address is not of this machine alone, and something is missing for that.
    """
    if settings.loopback:
        return
    if settings.tls_certificate is None and not settings.behind_proxy:
        raise BadSetting(
            f"TOCSIN_HOST {settings.host} is reachable from outside, where keys would travel in"
            " the clear: set TOCSIN_TLS_CERTIFICATE and TOCSIN_TLS_KEY, or TOCSIN_BEHIND_PROXY=true"
            " when a proxy ends TLS."
        )
    with closing(Keys.open(settings)) as keys:
        if not keys.all():
            raise BadSetting(
                f"TOCSIN_HOST {settings.host} is reachable from outside and there is no key yet:"
                " make one with `tocsin keys issue` first."
            )


def serve(settings: Settings) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Raises:
        BadSetting: it may not or cannot listen there.
        StoreUnavailable: the log cannot be written here.
        KeysUnavailable: the keys cannot be reached.
    """
    check_exposure(settings)
    listener = _listen(settings)
    with listener:
        master = settings.vault_key_place
        had_master = master.exists()
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            http=protocol(settings),
            ws="none",
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=settings.behind_proxy,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=int(settings.drain_seconds),
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            backlog=BACKLOG,
        )
        if key := first_key(settings):
            app.service.access.load()
            _tell(f"The first API key, shown this once: {key}")
        if not had_master and master.exists():
            _tell(f"Made {master}, the master key of the vault: keep a copy of it elsewhere.")
        tune()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_run(Server(config, app), listener, settings, app.service.log.place))


async def _run(server: Server, listener: socket.socket, settings: Settings, place: str) -> None:
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    _tell(f"Tocsin listens on {scheme}://{shown}:{port}; its log is {place}")
    async with companions(settings):
        await server.serve(sockets=[listener])


def _tell(line: str) -> None:
    """Say it to whoever started the service."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _listen(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror or error}."
            " Set TOCSIN_HOST and TOCSIN_PORT."
        ) from error
