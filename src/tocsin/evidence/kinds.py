"""What a file is, by what it begins with: a picture that is called one has to be one.

Nothing is ever opened, unpacked or run here: an archive is bytes. This only keeps a file from going
under a name that makes people trust it.
"""

from collections.abc import Callable, Collection

HEAD_BYTES = 512
"""So much of a file is looked at."""
USUAL = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "video/mp4"),
        *("text/plain", "text/csv", "text/markdown", "application/json", "application/x-ndjson"),
        *("application/xml", "message/rfc822", "application/pdf", "application/zip"),
        *("application/gzip", "application/zstd", "application/x-xz"),
        *("application/x-7z-compressed", "application/vnd.tcpdump.pcap"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
"""Kept where the settings name none: what shows what happened, and nothing that a browser or a
system would run by itself."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PCAP = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"#!")


class NotThatKind(Exception):
    """The content is not of the media type that was stated."""


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _text(head: bytes) -> bool:
    """Nothing that texts do not have; a letter may be cut in two at the end."""
    return b"\0" not in head and not head.startswith(_PROGRAMS)


def _webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp"


def _pdf(head: bytes) -> bool:
    return b"%PDF-" in head


SIGNATURES: dict[str, Callable[[bytes], bool]] = {
    "image/png": _starts(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": _starts(b"\xff\xd8\xff"),
    "image/gif": _starts(b"GIF87a", b"GIF89a"),
    "image/webp": _webp,
    "image/tiff": _starts(b"II*\0", b"MM\0*"),
    "image/bmp": _starts(b"BM"),
    "video/mp4": _mp4,
    "application/pdf": _pdf,
    "application/zip": _starts(*_ZIP),
    "application/gzip": _starts(b"\x1f\x8b"),
    "application/x-7z-compressed": _starts(b"7z\xbc\xaf\x27\x1c"),
    "application/x-xz": _starts(b"\xfd7zXZ\0"),
    "application/zstd": _starts(b"\x28\xb5\x2f\xfd"),
    "application/vnd.tcpdump.pcap": _starts(*_PCAP, b"\x0a\x0d\x0d\x0a"),
    f"{_OFFICE}wordprocessingml.document": _starts(*_ZIP),
    f"{_OFFICE}spreadsheetml.sheet": _starts(*_ZIP),
    "application/json": _text,
    "application/x-ndjson": _text,
    "application/xml": _text,
    "message/rfc822": _text,
}
"""How to know those that can be known. Of any other, the statement stands."""


def plain(media_type: str) -> str:
    """A media type without its parameters, in small letters."""
    return media_type.partition(";")[0].strip().lower()


def check(media_type: str, head: bytes, allowed: Collection[str]) -> None:
    """Let content pass that may be kept and begins as its media type does.

    Raises:
        NotThatKind: it does not, or that type is not kept here.
    """
    allowed = allowed or USUAL
    if media_type not in allowed:
        raise NotThatKind(
            f"{media_type[:60] or 'nothing'} is not kept as evidence here; what is:"
            f" {', '.join(sorted(allowed))}. TOCSIN_EVIDENCE_TYPES says which, and an archive"
            " (application/zip) takes anything."
        )
    fits = SIGNATURES.get(media_type, _text if media_type.startswith("text/") else None)
    if fits is not None and not fits(head):
        raise NotThatKind(f"The content is not {media_type}: state what it is, or pack it.")
