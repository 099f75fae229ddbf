"""Whom a request comes from, and whether they may: the keys in memory, as of a moment ago."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from time import monotonic, time

from tocsin.http.problems import (
    BAD_KEY,
    NO_KEY,
    SCOPE_MISSING,
    STORE_UNAVAILABLE,
    TOO_MANY,
    Problem,
    later,
)
from tocsin.keys import Key, Keys, KeysUnavailable, Scope, digest, well_formed
from tocsin.settings import Settings

BURST_SECONDS = 2.0
"""A key that was silent may ask so many seconds' worth of requests at once."""
USE_SECONDS = 60
"""How exactly the last use of a key is remembered."""
STALE_SECONDS = 30.0
"""After so long without a look at the keys, a revoked one could be let in: nobody is."""
SCHEME = b"bearer "
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tocsin"'}
_FAULTY = {"WWW-Authenticate": 'Bearer realm="tocsin", error="invalid_token"'}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of the key that a request carries."""

    name: str
    key_id: str
    scopes: frozenset[Scope]


@dataclass(slots=True)
class _Known:
    """A key that may be presented, and how much of its rate is left."""

    key: Key
    caller: Caller
    expires: float
    tokens: float
    refilled: float
    used: float = 0.0


class Access:
    """The keys, as of a moment ago."""

    def __init__(self, keys: Keys, settings: Settings) -> None:
        self._keys = keys
        self._rate = float(settings.key_requests)
        self._period = settings.keys_seconds
        self._known: dict[str, _Known] = {}
        self._change = -1
        self._looked = monotonic()
        self._noted: dict[str, float] = {}
        self.load()

    def load(self) -> None:
        """Look whether anything was changed, and remember when keys were used.

        Raises:
            KeysUnavailable: the keys cannot be read.
        """
        change = self._keys.latest_change()
        if change != self._change:
            self._known = {key.key_id: self._entry(key) for key in self._keys.all()}
            self._change = change
        self._looked = monotonic()
        uses = {
            key_id: known.used
            for key_id, known in self._known.items()
            if known.used > self._noted.get(key_id, 0.0) + USE_SECONDS
        }
        if uses:
            self._keys.note_use({k: datetime.fromtimestamp(v, UTC) for k, v in uses.items()})
            self._noted |= uses

    def _entry(self, key: Key) -> _Known:
        before = self._known.get(key.key_id)
        return _Known(
            key,
            Caller(key.owner, key.key_id, key.scopes),
            key.expires_at.timestamp() if key.expires_at else float("inf"),
            before.tokens if before else self._rate * BURST_SECONDS,
            before.refilled if before else monotonic(),
            before.used if before else 0.0,
        )

    async def follow(self) -> None:
        """Keep looking until cancelled."""
        away = False
        while True:
            await asyncio.sleep(self._period)
            try:
                await asyncio.to_thread(self.load)
                away = False
            except KeysUnavailable as error:
                if not away:  # it is tried again and again, and said once
                    logger.error("Those known stay in use for a while: %s", error)
                away = True

    def check(self, authorization: bytes | None, scope: Scope) -> Caller:
        """Return who presents this header, if their key reaches as far as `scope`.

        Raises:
            Problem: 401, 403 or 429; 503 when nobody knows any more which keys are revoked.
        """
        if authorization is None:
            raise Problem(
                NO_KEY, "Send the header Authorization: Bearer tocsin_….", headers=_CHALLENGE
            )
        if authorization[: len(SCHEME)].lower() != SCHEME:
            raise Problem(BAD_KEY, "The header must be Authorization: Bearer tocsin_….", _FAULTY)
        token = authorization[len(SCHEME) :].strip()
        known = self._known.get(token[7:17].decode("latin-1"))
        if known is None or not compare_digest(digest(token), known.key.digest):
            raise self._unknown(token)
        now = time()
        if known.key.revoked_at is not None:
            raise Problem(BAD_KEY, "The key has been revoked.", _FAULTY)
        if known.expires <= now:
            raise Problem(BAD_KEY, "The key has expired: rotate keys before they do.", _FAULTY)
        self._take(known)
        known.used = now
        if scope not in known.caller.scopes and Scope.ADMIN not in known.caller.scopes:
            raise Problem(
                SCOPE_MISSING,
                f"This takes a key with the scope {scope}.",
                {
                    "WWW-Authenticate": f'Bearer realm="tocsin", error="insufficient_scope",'
                    f' scope="{scope}"'
                },
                scope=scope,
            )
        return known.caller

    def _unknown(self, token: bytes) -> Problem:
        if not well_formed(token.decode("latin-1")):
            return Problem(BAD_KEY, "That is no key: a letter is missing or wrong.", _FAULTY)
        return Problem(BAD_KEY, "There is no such key.", _FAULTY)

    def _take(self, known: _Known) -> None:
        now = monotonic()
        if now - self._looked > STALE_SECONDS + self._period:
            raise later(STORE_UNAVAILABLE, "The keys cannot be read: ask again later.", 5)
        gained = (now - known.refilled) * self._rate
        known.tokens = min(known.tokens + gained, self._rate * BURST_SECONDS)
        known.refilled = now
        if known.tokens < 1:
            raise later(TOO_MANY, f"The key may ask {self._rate:.0f} times a second on average.")
        known.tokens -= 1
