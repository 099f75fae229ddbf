"""What stored events say about people: sealed before it is hashed, opened when it is read.

Whoever destroys a key makes every value under it unreadable, wherever its bytes are kept, and no
byte of the log changes. A sealed value stands where the text would stand:

    {"sealed": ["person" | "text" | "json", "<subject>", "<base64>"]}

which no field of ours can say otherwise. The subject is the random id of the key, and the base64 is
nonce (12 bytes), ciphertext and tag of AES-256-GCM. The associated data are the stream, the version
and the field, joined by `|`, so that no sealed value can be moved to another place. `json` stands
for texts by name, as one JSON object.
"""

import binascii
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.chance import PIECE, piece
from tocsin.domain.kernel import Event
from tocsin.domain.personal import Personal

MARK: Final = b'{"sealed":["'
"""What stored bytes with a sealed value contain: quotes inside texts are escaped."""
SEALED: Final = "sealed"
JSON: Final = "json"
NONCE_BYTES: Final = PIECE
PSEUDONYM: Final = "person:"
"""How a person reads whose name cannot be opened: this, and the subject."""
BLANK: Final = "[sealed]"
"""How a text reads to who has no keys at all."""
ITSELF: Final = frozenset({"timekeeper"})
"""What acts by itself: nobody."""
CLASH_BYTES: Final = len(PSEUDONYM) + 36

Key = tuple[str, AESGCM]
"""The id of a key, which is the subject's, and the key."""


class Broken(ValueError):
    """A sealed value is not what was sealed there: it was changed, or moved from elsewhere."""


class Seals(Protocol):
    """The keys: whose they are, and whether they are there."""

    @property
    def sealing(self) -> bool:
        """Whether new values are sealed."""
        ...

    def person(self, name: str) -> Key:
        """The key of a person. It is durable before it is returned."""
        ...

    def case(self, stream: str) -> Key:
        """The key of a stream's free text. It is durable before it is returned."""
        ...

    def key(self, subject: str) -> AESGCM | None:
        """The key of this id, if there is one still."""
        ...

    def missing(self, subject: str) -> str:
        """What stands in place of a text whose key is not there."""
        ...

    def preload(self, subjects: Iterable[str]) -> None:
        """Fetch many keys with one question, for who is about to open much."""
        ...


class Veil:
    """No keys at all: seals nothing, opens nothing. What is sealed reads as a pseudonym, the same
    for everybody and for ever, whatever becomes of the keys."""

    sealing = False

    def person(self, name: str) -> Key:
        raise AssertionError("nobody asks a veil to seal")

    def case(self, stream: str) -> Key:
        raise AssertionError("nobody asks a veil to seal")

    def key(self, subject: str) -> AESGCM | None:
        return None

    def missing(self, subject: str) -> str:
        return BLANK

    def preload(self, subjects: Iterable[str]) -> None:
        pass


VEIL: Final[Seals] = Veil()


def seal(key: Key, kind: str, text: bytes, place: str) -> orjson.Fragment:
    """One value, sealed for its place: `stream|version|field`. As the JSON that it becomes."""
    nonce = piece()
    secret = nonce + key[1].encrypt(nonce, text, place.encode())
    encoded = binascii.b2a_base64(secret, newline=False)
    # Neither the names of kinds, nor ids, nor base64 have anything that JSON would escape.
    return orjson.Fragment(
        b'{"sealed":["%b","%b","%b"]}' % (kind.encode(), key[0].encode(), encoded)
    )


def sealed_event(
    event: Event, actor: str, stream: str, version: int, seals: Seals
) -> tuple[Any, Mapping[str, Any]]:
    """Who acted and the fields of an event, as they are stored. Empty values stay as they are."""
    place = f"{stream}|{version}|"
    data: Mapping[str, Any] = vars(event)
    sealed: dict[str, Any] = {}
    case: Key | None = None
    for name, kind in event.personal().items():
        if not (value := data[name]):
            continue
        where = f"{place}data.{name}"
        if kind is not Personal.PERSON:
            case = case or seals.case(stream)
            sealed[name] = _sealed(value, case, where, seals)
        elif type(value) is str:
            sealed[name] = _person(value, where, seals)
        else:
            sealed[name] = _sealed(value, None, where, seals)
    if sealed:
        data = {**data, **sealed}
    if actor in ITSELF:
        return actor, data
    return _person(actor, f"{place}actor", seals), data


def _sealed(value: Any, case: Key | None, place: str, seals: Seals) -> Any:
    """A value under the key of its stream, or else of the person whom it names."""
    if isinstance(value, tuple):
        return [_sealed(each, case, f"{place}.{n}", seals) for n, each in enumerate(value)]
    if not isinstance(value, str):
        assert case is not None
        return seal(case, JSON, orjson.dumps(value, option=orjson.OPT_SORT_KEYS), place)
    if case is None:
        return _person(value, place, seals)
    return seal(case, Personal.TEXT, value.encode(), place) if value else value


def _person(name: str, place: str, seals: Seals) -> Any:
    if not name or is_pseudonym(name):
        return name
    return seal(seals.person(name), Personal.PERSON, name.encode(), place)


@lru_cache(4_096)
def is_pseudonym(name: str) -> bool:
    """Whether this is how a person reads whose name cannot be opened."""
    if len(name) != CLASH_BYTES or not name.startswith(PSEUDONYM):
        return False
    try:
        return str(UUID(name[len(PSEUDONYM) :])) == name[len(PSEUDONYM) :]
    except ValueError:
        return False


def opened(raw: dict[str, Any], seals: Seals) -> dict[str, Any]:
    """A stored event, parsed, with its sealed values opened in place as far as there are keys.

    Raises:
        Broken: a value is not what was sealed there.
    """
    prefix = f"{raw['stream']}|{raw['version']}|"
    if type(raw["actor"]) is dict:
        raw["actor"] = _open(raw["actor"][SEALED], f"{prefix}actor", seals)
    data: dict[str, Any] = raw["data"]
    for name, value in data.items():
        if type(value) is dict:
            if is_sealed(value):
                data[name] = _open(value[SEALED], f"{prefix}data.{name}", seals)
        elif type(value) is list:
            for number, each in enumerate(value):
                if is_sealed(each):
                    value[number] = _open(each[SEALED], f"{prefix}data.{name}.{number}", seals)
    return raw


def is_sealed(value: Any) -> bool:
    """Whether a parsed value of a stored field is a sealed one."""
    return type(value) is dict and len(value) == 1 and type(value.get(SEALED)) is list


def _open(parts: Any, place: str, seals: Seals) -> Any:
    try:
        kind, subject, secret = parts
        key = seals.key(subject)
        if key is None:
            return _closed(kind, subject, seals)
        raw = binascii.a2b_base64(secret)
        text = key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError, TypeError) as error:
        raise Broken(f"what is sealed at {place} was changed, or moved there") from error
    return orjson.loads(text) if kind == JSON else text.decode()


def _closed(kind: str, subject: str, seals: Seals) -> Any:
    if kind == Personal.PERSON:
        return PSEUDONYM + subject
    return {} if kind == JSON else seals.missing(subject)


def subjects_in(bodies: Iterable[bytes]) -> set[str]:
    """The subjects under whose keys anything in these stored events is sealed."""
    found: set[str] = set()
    for body in bodies:
        for part in body.split(MARK)[1:]:
            found.add(part.split(b'"', 3)[2].decode("ascii", "replace"))
    return found
