"""Who signs for the log: one key, or two while one follows the other.

The keys lie in a file, a line each, in the form of Go's notes; or in an environment variable; or
they never leave a key management service, and a function of yours signs with them.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import Any

from tocsin.ledger.notes import sign, verified
from tocsin.ledger.vkeys import ED25519, BadNote, Signer, Skey, Vkey, check_name, read_vkey
from tocsin.settings import Settings

PRIVATE_MODE = 0o600
KEYS = 16
"""Most keys that sign together: a note is taken with so many by everybody."""
COMMENT = "#"
HEADER = """# The keys that sign for the log. Who has them can sign in its name: keep them secret,
# and keep a copy, apart from the log. `tocsin ledger key` shows the public halves.
"""


class LedgerRefused(Exception):
    """The ledger cannot be kept so. The sentence says why, and the way out."""


@dataclass(frozen=True)
class Keyring:
    """Everybody who signs, all under the name of one log."""

    signers: tuple[Signer, ...]
    source: str
    """Where they come from, for people."""

    def __post_init__(self) -> None:
        names = {each.vkey.name for each in self.signers}
        if not 0 < len(self.signers) <= KEYS:
            raise LedgerRefused(f"{self.source} holds {len(self.signers)} keys, not 1 to {KEYS}.")
        if len(names) > 1:
            raise LedgerRefused(
                f"{self.source} holds keys of several logs ({', '.join(sorted(names))}); all keys"
                " that sign for a log have its name."
            )
        if any(each.vkey.kind != ED25519 for each in self.signers):
            raise LedgerRefused(f"{self.source} holds a key of a witness; a log has others.")

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.signers[0].vkey.name

    @property
    def vkeys(self) -> list[Vkey]:
        """The public halves."""
        return [each.vkey for each in self.signers]

    def sign(self, text: str) -> str:
        """Return the note of this text, signed by all.

        Raises:
            LedgerRefused: a signature is not one: its key management service is set up wrongly.
        """
        note = sign(text, self.signers)
        for vkey in self.vkeys:
            try:
                verified(note, [vkey])
            except BadNote as error:
                raise LedgerRefused(f"{self.source}: {error}") from error
        return str(note)


@dataclass(frozen=True)
class Distant:
    """A key elsewhere, of which somebody gave us its public half and a way to sign."""

    vkey: Vkey
    signing: Callable[[bytes], bytes]

    def sign(self, text: bytes) -> bytes:
        """Have it signed."""
        return self.signing(text)


def keyring(settings: Settings, environment: Mapping[str, str] | None = None) -> Keyring | None:
    """The keys that these settings name; None when their file is not there.

    Raises:
        LedgerRefused: they are no keys, or not of the log that TOCSIN_ORIGIN names.
    """
    if settings.ledger_signer:
        found = _of_service(settings.ledger_signer)
    elif settings.ledger_key_env:
        found = _of_environment(settings.ledger_key_env, environment or os.environ)
    elif settings.ledger_key_place.exists():
        found = _of_file(settings.ledger_key_place)
    else:
        return None
    if settings.origin not in ("", found.origin):
        raise LedgerRefused(
            f"TOCSIN_ORIGIN is {settings.origin}, and {found.source} is of {found.origin}: take"
            " one of them away, or use the key of that log."
        )
    return found


def new_keyring(settings: Settings) -> Keyring:
    """Make the first key of a log, in its file.

    Raises:
        LedgerRefused: keys are to come from elsewhere, or TOCSIN_ORIGIN cannot be a name.
    """
    path = _own_file(settings)
    try:
        skey = Skey.new(settings.origin or f"tocsin.local/{token_hex(8)}")
    except BadNote as error:
        raise LedgerRefused(f"TOCSIN_ORIGIN cannot be a log's name. {error}") from error
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _beside(path, [skey.line]) as beside, suppress(FileExistsError):
        path.hardlink_to(beside)
    return _of_file(path)


def rotate(settings: Settings) -> Vkey:
    """Add a key of the same name, so that from now on both sign.

    Raises:
        LedgerRefused: there is no key yet, there are too many, or they are not in a file.
    """
    path = _own_file(settings)
    lines = _lines(_text(path))
    ring = _of_file(path)
    if len(lines) >= KEYS:
        raise LedgerRefused(f"{path} holds {KEYS} keys already: retire one first.")
    added = Skey.new(ring.origin)
    _write(path, [*lines, added.line])
    return added.vkey


def retire(settings: Settings, key_id: str) -> Vkey:
    """Take a key away, so that the others sign alone.

    Raises:
        LedgerRefused: there is none of that id, or no other.
    """
    path = _own_file(settings)
    skeys = [_skey(line, str(path)) for line in _lines(_text(path))]
    gone = [skey for skey in skeys if skey.vkey.key_id.hex() == key_id.lower()]
    if not gone:
        held = ", ".join(skey.vkey.key_id.hex() for skey in skeys)
        raise LedgerRefused(f"{path} has no key {key_id}; it holds {held}.")
    if len(skeys) == 1:
        raise LedgerRefused(
            f"{key_id} is the only key: `tocsin ledger rotate` first, and let a checkpoint be"
            " signed by both."
        )
    _write(path, [skey.line for skey in skeys if skey not in gone])
    return gone[0].vkey


def readable_by_others(settings: Settings) -> bool:
    """Whether the key's file can be read by more than its owner."""
    if settings.ledger_signer or settings.ledger_key_env:
        return False
    try:
        return bool(settings.ledger_key_place.stat().st_mode & 0o077)
    except OSError:
        return False


def _own_file(settings: Settings) -> Path:
    elsewhere = "TOCSIN_LEDGER_SIGNER" if settings.ledger_signer else ""
    elsewhere = elsewhere or ("TOCSIN_LEDGER_KEY_ENV" if settings.ledger_key_env else "")
    if elsewhere:
        raise LedgerRefused(
            f"The keys come from {elsewhere}: make, add and remove them where they are kept."
        )
    return settings.ledger_key_place


def _of_file(path: Path) -> Keyring:
    return _of_lines(_text(path), str(path))


def _of_environment(name: str, environment: Mapping[str, str]) -> Keyring:
    source = f"The environment variable {name}"
    if name not in environment:
        raise LedgerRefused(f"{source}, which TOCSIN_LEDGER_KEY_ENV names, is not set.")
    return _of_lines(environment[name].replace(",", "\n"), source)


def _of_lines(text: str, source: str) -> Keyring:
    return Keyring(tuple(_skey(line, source) for line in _lines(text)), source)


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(COMMENT)]


def _skey(line: str, source: str) -> Skey:
    try:
        return Skey.read(line)
    except BadNote as error:
        raise LedgerRefused(f"{source}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise LedgerRefused(f"The ledger's key in {path} cannot be read: {error}.") from error


def _write(path: Path, lines: Iterable[str]) -> None:
    """Replace the file as a whole: nobody ever reads half a key, and a power cut leaves one."""
    with _beside(path, lines) as beside:
        beside.replace(path)


@contextmanager
def _beside(path: Path, lines: Iterable[str]) -> Iterator[Path]:
    """A file next to it that holds these keys, and lasts when it is given the right name."""
    beside = path.with_name(f"{path.name}.{token_hex(4)}")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(opened, "w") as file:
        file.write(HEADER + "".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _of_service(named: str) -> Keyring:
    """The keys that a function of the operator's gives: each has `vkey` and `sign(bytes)`."""
    source = f"TOCSIN_LEDGER_SIGNER {named}"
    module, colon, function = named.partition(":")
    if not colon:
        raise LedgerRefused(f"{source}: it is written package.module:function.")
    try:
        given = getattr(import_module(module), function)()
        many = given if isinstance(given, list | tuple) else [given]
        return Keyring(tuple(_distant(each) for each in many), source)
    except (ImportError, AttributeError, TypeError, BadNote) as error:
        raise LedgerRefused(
            f"{source}: it gives no key: {error}. It returns an object, or several, with `vkey`, a"
            " text, and `sign(text: bytes) -> bytes`."
        ) from error


def _distant(given: Any) -> Distant:
    vkey = read_vkey(str(given.vkey))
    check_name(vkey.name)
    return Distant(vkey, given.sign)
