"""The master key: what all else in the vault is locked with, and what never lies in it.

It comes from a file, from an environment variable, or from a service that keeps it to itself and
only wraps and unwraps: a KMS.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.settings import Settings
from tocsin.vault.records import VaultUnavailable

KEY_BYTES = 32
NONCE_BYTES = 12
ADVICE = "`tocsin vault new-master` prints a new one"


class Master(Protocol):
    """What wraps and unwraps a few bytes with a key that the vault does not hold."""

    @property
    def id(self) -> str:
        """Which key it is; another key has another id."""
        ...

    def wrap(self, plain: bytes) -> bytes:
        """Lock away."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unlock. Raises anything when that cannot be done."""
        ...


class LocalMaster:
    """A key of 32 bytes that is at hand here."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)
        self.id = "key:" + hashlib.sha256(b"tocsin vault master key\0" + key).hexdigest()[:16]

    def wrap(self, plain: bytes) -> bytes:
        """Lock away."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, plain, self.id.encode())

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unlock what was locked with this key.

        Raises:
            InvalidTag: it was not.
        """
        return self._key.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], self.id.encode())


class Masters:
    """The master keys at hand: the first locks, all unlock."""

    def __init__(self, source: str, load: Callable[[], list[Master]], file: Path | None) -> None:
        self.source = source
        """Where they come from, in words, without secrets."""
        self.file = file
        self._load = load
        self._known: list[Master] = []

    def current(self) -> Master:
        """The one to lock with.

        Raises:
            VaultUnavailable: there is none.
        """
        return self._all()[0]

    def of(self, master_id: str, place: str) -> Master:
        """The one of that id; a file that has it since a moment ago is read again.

        Raises:
            VaultUnavailable: it is not at hand.
        """
        for again in (False, True):
            for master in self._all(again=again):
                if master.id == master_id:
                    return master
        have = ", ".join(master.id for master in self._all())
        raise VaultUnavailable(
            f"The vault ({place}) is locked with master key {master_id}; {self.source} has {have}."
            " Put the right one there: without it nothing that is sealed can be read."
        )

    def reload(self) -> None:
        """Take notice of what has changed where they come from."""
        self._all(again=True)

    def with_others(self, others: "Masters") -> "Masters":
        """These, and others that only unlock."""
        both = f"{self.source} and {others.source}"
        return Masters(both, lambda: [*self._load(), *others._load()], self.file)

    def _all(self, *, again: bool = False) -> list[Master]:
        if again or not self._known:
            self._known = self._load()
        return self._known


def masters(settings: Settings) -> Masters:
    """The master keys that the settings name."""
    if settings.vault_kms:
        return source(f"kms:{settings.vault_kms}")
    if settings.vault_key_env:
        return source(f"env:{settings.vault_key_env}")
    return source(f"file:{settings.vault_key_place}")


def source(name: str) -> Masters:
    """The master keys of `file:PATH`, `env:NAME` or `kms:module:Class`.

    Raises:
        VaultUnavailable: it is none of these.
    """
    kind, _, rest = name.partition(":")
    match kind:
        case "file" if rest:
            path = Path(rest).expanduser()
            return Masters(str(path), lambda: [LocalMaster(key) for key in read(path)], path)
        case "env" if rest:
            return Masters(
                f"the environment variable {rest}",
                lambda: [LocalMaster(_decoded(rest, os.environ.get(rest, "")))],
                None,
            )
        case "kms" if rest:
            return Masters(f"the KMS {rest}", lambda: [_hook(rest)], None)
    raise VaultUnavailable(
        f"{name!r} names no master key: say file:PATH, env:NAME or kms:module:Class."
    )


def new_key() -> bytes:
    """A new master key."""
    return os.urandom(KEY_BYTES)


def written(key: bytes) -> str:
    """A master key as text."""
    return base64.b64encode(key).decode()


def read(path: Path) -> list[bytes]:
    """The keys of a file, one a line, the current one first; lines with # are remarks.

    Raises:
        VaultUnavailable: it is not there, cannot be read, or holds something else.
    """
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except FileNotFoundError as error:
        raise VaultUnavailable(
            f"The master key is not at {path}. Put it back from where you keep its copy, or say"
            " where it is with TOCSIN_VAULT_KEY_FILE: without it nothing sealed can be read."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise VaultUnavailable(f"The master key at {path} cannot be read: {error}.") from error
    keys = [_decoded(str(path), line) for line in _lines(lines)]
    if not keys:
        raise VaultUnavailable(f"{path} holds no master key.")
    return keys


def _lines(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if (stripped := line.strip()) and not stripped.startswith("#"):
            yield stripped


def write(path: Path, keys: list[bytes]) -> None:
    """Put keys into a file that only its owner reads, all or nothing, durably."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    remark = "# The master key of the vault. Keep a copy, and never beside a copy of the vault.\n"
    body = remark + "".join(f"{written(key)}\n" for key in keys)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, body.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _decoded(place: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultUnavailable(
            f"{place} holds no master key: it must be {KEY_BYTES} bytes in base64. {ADVICE}."
        )
    return key


def _hook(name: str) -> Master:
    module, _, attribute = name.partition(":")
    try:
        made: Any = getattr(import_module(module), attribute)()
        if not (isinstance(made.id, str) and callable(made.wrap) and callable(made.unwrap)):
            raise TypeError("it has no id, wrap and unwrap")
    except Exception as error:
        raise VaultUnavailable(
            f"The KMS {name} cannot be used: {error!r}. TOCSIN_VAULT_KMS is module:Class, a class"
            " without arguments that has `id`, `wrap(bytes)` and `unwrap(bytes)`."
        ) from error
    kept: Master = made
    return kept


def wrapped_by(master: Master, plain: bytes) -> bytes:
    """Bytes locked with a master key.

    Raises:
        VaultUnavailable: it did not do it.
    """
    try:
        return master.wrap(plain)
    except Exception as error:
        raise VaultUnavailable(f"Master key {master.id} did not wrap: {error!r}.") from error


def unwrapped_by(master: Master, wrapped: bytes, place: str) -> bytes:
    """What was locked with a master key.

    Raises:
        VaultUnavailable: it was not, or the key is out of reach.
    """
    try:
        return master.unwrap(wrapped)
    except InvalidTag as error:
        raise VaultUnavailable(
            f"Master key {master.id} does not unlock the vault ({place}): it is damaged."
        ) from error
    except Exception as error:
        raise VaultUnavailable(f"Master key {master.id} did not unwrap: {error!r}.") from error
