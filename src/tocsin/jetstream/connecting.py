"""A connection to a NATS cluster: what it takes, and how it comes back by itself."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from tocsin.settings import Settings

if TYPE_CHECKING:
    from nats.aio.client import Client

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5
ATTEMPT_SECONDS: Final = 15
"""That all servers together may take."""
WAIT_SECONDS: Final = 0.5
"""Between two attempts to connect."""
PING_SECONDS: Final = 5
"""A server that vanished without a word is noticed after two of them."""
PENDING_BYTES: Final = 16_777_216
FEW: Final = 3
"""Attempts of a command that is to answer, not to stay."""


class CannotStream(Exception):
    """The streams cannot be used as asked. The sentence says why, and the way out."""


class MissingNats(CannotStream):
    """The library is not there."""

    def __init__(self) -> None:
        super().__init__(
            "NATS takes the extra `nats`, which is not installed: pip install 'tocsin[nats]'."
        )


def need() -> None:
    """Return if the library is there.

    Raises:
        MissingNats: it is not.
    """
    if find_spec("nats") is None:
        raise MissingNats


@asynccontextmanager
async def connected(
    settings: Settings, name: str, *, stay: bool, stop: asyncio.Event | None = None
) -> AsyncIterator["Client"]:
    """A connection; to `stay`, it is tried until it is there (or until told to stop), and again
    whenever it breaks.

    Raises:
        CannotStream: the library or a file is not there, or no server answers.
    """
    need()
    trouble = _Trouble(settings)
    client = await _connect(settings, name, trouble, stay=stay, stop=stop or asyncio.Event())
    try:
        yield client
    finally:
        trouble.over = True
        await client.close()


async def _connect(
    settings: Settings, name: str, trouble: "_Trouble", *, stay: bool, stop: asyncio.Event
) -> "Client":
    from nats.errors import Error

    options = _options(settings, stay=stay)
    while True:
        attempt = asyncio.create_task(
            _opened(
                name=name,
                error_cb=trouble.told,
                disconnected_cb=trouble.lost,
                reconnected_cb=trouble.back,
                **options,
            )
        )
        stopped = asyncio.create_task(stop.wait())
        # After a handshake that fails, the library may wait for ever.
        await asyncio.wait(
            {attempt, stopped}, timeout=ATTEMPT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for each in (attempt, stopped):
            each.cancel()
        try:
            return await attempt
        except (Error, OSError, TimeoutError, asyncio.CancelledError) as error:
            said = trouble.last or str(error) or "it takes too long"
            if not stay or stop.is_set():
                where = places(settings)
                raise CannotStream(f"No NATS server answers at {where}: {said}.") from error
            logger.warning("NATS at %s: %s; trying again", places(settings), said)
        await asyncio.sleep(WAIT_SECONDS)


async def _opened(**options: Any) -> "Client":
    from nats.aio.client import Client

    class Lenient(Client):
        """Hears on after a subject that is no text: a server lets it pass, the library ends."""

        def _build_message(self, sid: int, subject: bytes, *more: Any) -> Any:
            readable = subject.decode(errors="replace").encode()
            return super()._build_message(sid, readable, *more)

    client = Lenient()
    await client.connect(**options)
    return client


def places(settings: Settings) -> str:
    """Where the servers are, without secrets; and be they no addresses."""
    return ", ".join(map(_place, settings.nats_servers))


def _place(server: str) -> str:
    scheme, mark, rest = server.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2].partition("/")[0]


def _options(settings: Settings, *, stay: bool) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "servers": list(settings.nats_servers),
        "connect_timeout": CONNECT_SECONDS,
        "max_reconnect_attempts": -1 if stay else FEW,
        "reconnect_time_wait": WAIT_SECONDS,
        "ping_interval": PING_SECONDS,
        "pending_size": PENDING_BYTES,
    }
    files = (
        ("TOCSIN_NATS_CREDENTIALS", settings.nats_credentials, "user_credentials"),
        ("TOCSIN_NATS_NKEY", settings.nats_nkey, "nkeys_seed"),
    )
    for variable, file, option in files:
        if file is not None:
            if not file.is_file():
                raise CannotStream(f"{variable} is {file}, and there is no such file.")
            chosen[option] = str(file)
    if settings.nats_ca or settings.nats_certificate or settings.nats_key:
        chosen["tls"] = _tls(settings)
    return chosen


def _tls(settings: Settings) -> ssl.SSLContext:
    """What vouches for the servers, and for us.

    Raises:
        CannotStream: a file is not there, or not what it should be.
    """
    if bool(settings.nats_certificate) != bool(settings.nats_key):
        raise CannotStream("TOCSIN_NATS_CERTIFICATE and TOCSIN_NATS_KEY go together.")
    try:
        context = ssl.create_default_context(cafile=settings.nats_ca)
        if settings.nats_certificate is not None:
            context.load_cert_chain(settings.nats_certificate, settings.nats_key)
    except OSError as error:
        raise CannotStream(f"A file of TOCSIN_NATS_CA and its like is no use: {error}.") from error
    return context


class _Trouble:
    """Says once what is wrong with a connection, and once that it is well again."""

    def __init__(self, settings: Settings) -> None:
        self._places = places(settings)
        self.last = ""
        self.over = False

    async def told(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if said != self.last and not self.over:
            self.last = said
            logger.warning("NATS at %s: %s; trying again", self._places, said)

    async def lost(self) -> None:
        if not self.over:
            logger.warning("NATS at %s: the connection is lost; trying again", self._places)

    async def back(self) -> None:
        self.last = ""
        logger.info("NATS at %s: connected again", self._places)
