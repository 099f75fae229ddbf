"""Is a file what it is said to be, as far as its beginning tells?"""

import pytest

from tocsin.evidence.kinds import SIGNATURES, USUAL, NotThatKind, check, plain

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00",
    "image/jpeg": b"\xff\xd8\xff\xe0JFIF",
    "image/gif": b"GIF89a..",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "image/tiff": b"II*\x00....",
    "image/bmp": b"BM....",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42",
    "application/pdf": b"%PDF-1.7",
    "application/zip": b"PK\x03\x04...",
    "application/gzip": b"\x1f\x8b\x08",
    "application/x-7z-compressed": b"7z\xbc\xaf\x27\x1c",
    "application/x-xz": b"\xfd7zXZ\x00",
    "application/zstd": b"\x28\xb5\x2f\xfd",
    "application/vnd.tcpdump.pcap": b"\xd4\xc3\xb2\xa1\x02\x00",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": b"PK\x03\x04",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": b"PK\x03\x04",
    "application/json": b'{"a": 1}',
    "application/x-ndjson": b'{"a": 1}\n{}',
    "application/xml": b"<?xml version='1.0'?>",
    "message/rfc822": b"From: ann@example.com",
    "text/plain": "Es lief über.".encode(),
    "text/csv": b"a,b\n1,2",
    "text/markdown": b"# Notes",
}
"""How a file of each kind begins."""


def test_every_kind_that_is_known_has_an_example() -> None:
    assert SIGNATURES.keys() | USUAL <= HEADS.keys()


@pytest.mark.parametrize("media_type", HEADS)
def test_what_begins_as_it_should_passes(media_type: str) -> None:
    check(media_type, HEADS[media_type], HEADS.keys())


@pytest.mark.parametrize("media_type", HEADS)
@pytest.mark.parametrize("head", [b"\x7fELF\x02\x01", b"MZ\x90\x00", b"\x00\x01\x02\x03"])
def test_a_program_passes_under_no_other_name(media_type: str, head: bytes) -> None:
    with pytest.raises(NotThatKind, match="is not"):
        check(media_type, head, HEADS.keys())


@pytest.mark.parametrize("media_type", ["image/png", "application/pdf", "application/zip"])
def test_a_text_is_no_picture(media_type: str) -> None:
    with pytest.raises(NotThatKind, match="state what it is"):
        check(media_type, b"<script>alert(1)</script>", USUAL)


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/x-sh", "application/octet-stream", ""]
)
def test_what_browsers_and_systems_run_is_not_kept_unless_somebody_wants_it(
    media_type: str,
) -> None:
    with pytest.raises(NotThatKind, match="TOCSIN_EVIDENCE_TYPES"):
        check(media_type, b"anything", ())
    if media_type:
        check(media_type, b"anything", (media_type,))


def test_parameters_and_capitals_do_not_matter() -> None:
    assert plain("Text/Plain; charset=UTF-8 ") == "text/plain"
