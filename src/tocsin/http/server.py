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
from tocsin.http.watching import name_of
from tocsin.keys import Keys
from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.telemetry.beside import begun
from tocsin.telemetry.logs import begin, say
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
    settings = begun(settings, "api")
    check_exposure(settings)
    with listening(settings) as listener:
        had_master = settings.vault_key_place.exists()
        app = create_app(settings)
        config = configured(settings, app)
        if key := first_key(settings):
            app.service.access.load()
            tell_key(settings, key)
        tell_master(settings, had=had_master)
        tune()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_run(Server(config, app), listener, settings, app.service.log.place))


def configured(settings: Settings, app: Tocsin) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        http=protocol(settings, app.straight),
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


async def _run(server: Server, listener: socket.socket, settings: Settings, place: str) -> None:
    tell_where(listener, settings, place)
    begin(settings, name_of(settings))
    async with companions(settings):
        await server.serve(sockets=[listener])


def tell_where(listener: socket.socket, settings: Settings, place: str) -> None:
    """Say where the service is found, and what it writes."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    say(f"Tocsin listens on {scheme}://{shown}:{port}; its log is {place}")


def tell_key(settings: Settings, key: str) -> None:
    """Show the first key to whoever started the service; where a machine reads what it says, and
    keeps it, in a file of its own."""
    if settings.logs != "json":
        say(f"The first API key, shown this once: {key}")
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = settings.home / "first.key"
    place.touch(mode=0o600)
    place.write_text(f"{key}\n", "ascii")
    say(f"The first API key is in {place}: put it where it belongs, and remove the file.")


def tell_master(settings: Settings, *, had: bool) -> None:
    """Say that the master key of the vault has been made, unless it was there before."""
    master = settings.vault_key_place
    if not had and master.exists():
        say(f"Made {master}, the master key of the vault: keep a copy of it elsewhere.")


def listening(
    settings: Settings, *, port: int | None = None, shared: bool = False
) -> socket.socket:
    """Listen where the settings say; `shared` with others that say so, too.

    Raises:
        CannotListen: it is not there, or taken.
    """
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = (host, settings.port if port is None else port)
    try:
        found = socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=shared)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror or error}."
            " Set TOCSIN_HOST and TOCSIN_PORT."
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Inherited by every connection: the system lets go of a reader that takes nothing, also of
        # one whose answer is no longer ours to send.
        patience = int(settings.slow_reader_seconds * 1_000)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
    return found
