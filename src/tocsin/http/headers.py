"""What the headers of a request say: versions, idempotency keys, kinds of content."""

import re
from collections.abc import Mapping
from uuid import UUID, uuid5

from tocsin.http.problems import BAD_HEADER, NOT_JSON, Problem

Headers = Mapping[bytes, bytes]

COMMAND_IDS = UUID("5e5b1a6e-6f1c-5e0c-9a53-4f0f6d6c7401")
"""The namespace in which a caller and its key make a command id. Changing it forgets all keys."""
KEY_LENGTH = 200
_KEY = re.compile(rb"[\x21-\x7e]{1,%d}" % KEY_LENGTH)
_VERSION = re.compile(rb'"(0|[1-9][0-9]{0,9})"')
_JSON = re.compile(rb"application/(?:[\w.-]+\+)?json", re.IGNORECASE)


def etag(version: int) -> bytes:
    """The strong validator of a version."""
    return b'"%d"' % version


def expected_version(headers: Headers) -> int | None:
    """The version that the caller saw, as `If-Match` says; none for `*` or without the header.

    Raises:
        Problem: 400, it is not one strong version.
    """
    stated = headers.get(b"if-match")
    if stated is None or stated == b"*":
        return None
    if match := _VERSION.fullmatch(stated):
        return int(match[1])
    raise Problem(
        BAD_HEADER, 'If-Match takes one version in quotes, as an ETag gave it: If-Match: "3".'
    )


def unchanged(headers: Headers, tag: bytes) -> bool:
    """Whether `If-None-Match` says that the caller has this already."""
    stated = headers.get(b"if-none-match")
    if stated is None:
        return False
    tags = [each.strip().removeprefix(b"W/") for each in stated.split(b",")]
    return tag in tags or b"*" in tags


def idempotency_key(headers: Headers) -> bytes | None:
    """The name that the caller gave this request, so that it can safely be sent again.

    Raises:
        Problem: 400, it is not such a name.
    """
    key = headers.get(b"idempotency-key")
    if key is not None:
        check_key(key)
    return key


def check_key(key: bytes) -> None:
    """Let a name pass that can be an idempotency key.

    Raises:
        Problem: 400, it is not.
    """
    if not _KEY.fullmatch(key):
        raise Problem(
            BAD_HEADER,
            f"Idempotency-Key takes 1 to {KEY_LENGTH} visible ASCII characters: a UUID is best.",
        )


def command_id(caller: str, key: bytes) -> UUID:
    """The id of the command that a caller calls by this key, today and for ever."""
    return uuid5(COMMAND_IDS, f"{caller}\n{key.decode('ascii')}")


def check_json(headers: Headers) -> None:
    """Let a body pass that says it is plain JSON.

    Raises:
        Problem: 415, it says something else or nothing.
    """
    stated = headers.get(b"content-type")
    if stated != b"application/json":
        media_type = (stated or b"").partition(b";")[0].strip()
        if not _JSON.fullmatch(media_type):
            raise Problem(NOT_JSON, "Send JSON, and say so: Content-Type: application/json.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(NOT_JSON, "Send the body as it is, without Content-Encoding.")


def wants(headers: Headers, media_type: bytes) -> bool:
    """Whether `Accept` names this media type."""
    accepted = headers.get(b"accept", b"").split(b",")
    return any(each.partition(b";")[0].strip().lower() == media_type for each in accepted)
