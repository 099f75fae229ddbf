"""Signed notes: everybody's are read, and nobody's mistakes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ledger.checkpoints import Checkpoint, Signed, apart
from tocsin.ledger.notes import SIGNATURES, Note, cosign, read_note, sign, verified
from tocsin.ledger.vkeys import COSIGNATURE, BadNote, Skey, read_vkey

ROOT = bytes(range(32))
LOG, OTHER = Skey.new("example.com/log"), Skey.new("example.com/log")
WITNESS = Skey.new("witness.example/w1", COSIGNATURE)
TEXT = Checkpoint("example.com/log", 12, ROOT).text

# From the documentation of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501 - a note is never folded
# From https://c2sp.org/signed-note: its text has an empty line of its own.
QUASIMODO = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501


def test_the_note_of_the_reference_implementation_is_verified() -> None:
    vkey = read_vkey(NEUMANN)
    (vouched,) = verified(read_note(NEUMANN_NOTE), [vkey])
    assert (vkey, None) == (vouched.vkey, vouched.moment)


def test_its_key_signs_the_same_note_here_byte_for_byte() -> None:
    skey = Skey.read(NEUMANN_SECRET)
    assert NEUMANN == str(skey.vkey)
    assert NEUMANN_SECRET == skey.line
    assert NEUMANN_NOTE == str(sign(read_note(NEUMANN_NOTE).text, [skey]))


def test_the_text_is_parted_from_the_lines_at_the_last_empty_line() -> None:
    note = read_note(QUASIMODO)
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert "367ba04b" == note.signatures[0].key_id.hex()
    assert str(note) == QUASIMODO


def test_a_private_key_does_not_show_when_it_is_printed() -> None:
    assert LOG.line.split("+", 4)[4] not in f"{LOG!r} {LOG}"


def test_lines_of_strangers_are_as_if_they_were_not_there() -> None:
    note = sign(TEXT, [OTHER, LOG])
    assert [LOG.vkey] == [each.vkey for each in verified(note, [LOG.vkey])]


def test_a_note_that_nobody_trusted_signed_is_refused() -> None:
    with pytest.raises(BadNote, match="None of the keys"):
        verified(sign(TEXT, [OTHER]), [LOG.vkey])


def test_a_bad_line_of_a_trusted_key_spoils_the_note_whoever_else_signed_it() -> None:
    good = sign(TEXT, [LOG, OTHER])
    swapped = Note(TEXT.replace("12", "13"), (sign(TEXT.replace("12", "13"), [OTHER]).signatures[0],
                                              good.signatures[0]))  # fmt: skip
    with pytest.raises(BadNote, match="does not fit"):
        verified(swapped, [LOG.vkey, OTHER.vkey])


def test_a_witness_says_when_it_signed() -> None:
    note = Note(TEXT, (cosign(WITNESS, TEXT, 1_679_315_147),))
    (vouched,) = verified(note, [WITNESS.vkey])
    assert 1_679_315_147 == vouched.moment


def test_the_time_of_a_witness_cannot_be_altered() -> None:
    line = cosign(WITNESS, TEXT, 1_679_315_147)
    later = (1_679_315_148).to_bytes(8, "big") + line.signature[8:]
    altered = Note(TEXT, (type(line)(line.name, line.key_id, later),))
    with pytest.raises(BadNote, match="does not fit"):
        verified(altered, [WITNESS.vkey])


def test_a_witness_that_names_no_time_that_there_is_is_refused() -> None:
    note = Note(TEXT, (cosign(WITNESS, TEXT, 2**63),))
    with pytest.raises(BadNote, match="no time"):
        verified(note, [WITNESS.vkey])


def test_a_line_that_stands_there_twice_counts_once() -> None:
    note = sign(TEXT, [LOG])
    assert 1 == len(verified(Note(TEXT, note.signatures * 2), [LOG.vkey]))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n", "UTF-8"),
        ("a\ud800\n\n— a AAAAAAA=\n", "UTF-8"),
        ("", "a text, an empty line"),
        ("a\n", "a text, an empty line"),
        ("a\n\n", "a text, an empty line"),
        ("a\n\n— a AAAAAAA=", "a text, an empty line"),
        ("a\r\n\n— a AAAAAAA=\n", "control characters"),
        ("a\n\n- a AAAAAAA=\n", "an em dash"),
        ("a\n\n— aAAAAAAA=\n", "an em dash"),
        ("a\n\n—  AAAAAAA=\n", "name of a key"),
        ("a\n\n— a+b AAAAAAA=\n", "name of a key"),
        ("a\n\n— a\u00a0b AAAAAAA=\n", "name of a key"),
        ("a\n\n— a AAAAAA==\n", "four bytes"),
        ("a\n\n— a AAAAAAB=\n", "as it is written by everybody"),
        ("a\n\n— a AAAA AAA=\n", "base64"),
        ("a\n\n— a é\n", "base64"),
        ("a\n\n" + "— a AAAAAAA=\n" * (SIGNATURES + 1), "signature lines"),
        ("a" * 300_000 + "\n\n— a AAAAAAA=\n", "at most"),
    ],
)
def test_what_is_no_note_is_refused_with_its_reason(raw: bytes | str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        read_note(raw)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "written name"),
        ("name", "written name"),
        ("name+C74F20A3+AAAA", "written name"),
        ("name+c74f20a3+AAAA", "not one of Ed25519"),
        (NEUMANN.replace("c74f20a3", "c74f20a4"), "damaged"),
        (NEUMANN.replace("PeterNeumann", "Peter Neumann"), "name of a key"),
        (NEUMANN[:-4] + "10T=", "base64"),
    ],
)
def test_what_is_no_public_key_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        read_vkey(text)


def test_a_damaged_private_key_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadNote, match="damaged") as refused:
        Skey.read(NEUMANN_SECRET.replace("c74f20a3", "00000000"))
    assert "AYEKFALVFGyN" not in str(refused.value)
    with pytest.raises(BadNote, match="begins with PRIVATE"):
        Skey.read(NEUMANN)


def test_a_text_that_could_not_be_read_again_is_not_signed() -> None:
    for text in ("no newline", "tab\there\n"):
        with pytest.raises(BadNote, match="ends with a newline"):
            sign(text, [LOG])
    with pytest.raises(BadNote, match="Nobody signs"):
        sign(TEXT, [])


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    checkpoint = Checkpoint("example.com/log", 0, ROOT, ("more",))
    assert checkpoint == Checkpoint.read(checkpoint.text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("log\n1\n", "three lines"),
        ("log\n1\n\n", "three lines"),
        ("\n1\nAAAA\n", "three lines"),
        ("log\n01\nAAAA\n", "leading zeroes"),
        ("log\n-1\nAAAA\n", "leading zeroes"),
        ("log\n+1\nAAAA\n", "leading zeroes"),
        ("log\n١\nAAAA\n", "leading zeroes"),
        (f"log\n{2**63}\nAAAA\n", "leading zeroes"),
        (f"log\n{'9' * 5_000}\nAAAA\n", "leading zeroes"),
        ("log\n1\nAAAA\n", "32 bytes"),
        ("log\n1\nA\n", "base64"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        Checkpoint.read(text)


def test_a_key_of_another_name_does_not_vouch_for_a_log() -> None:
    stranger = Skey.new("example.com/other")
    note = str(sign(TEXT, [stranger]))
    with pytest.raises(BadNote, match="None of the keys"):
        Signed.trusted(note, [stranger.vkey])


def test_checkpoints_one_after_another_are_taken_apart_again() -> None:
    notes = [str(sign(Checkpoint("log", n, ROOT).text, [LOG, OTHER])) for n in range(3)]
    assert notes == [*apart("".join(notes).splitlines(keepends=True))]
    assert notes == [*apart("\n\n".join(notes).splitlines(keepends=True))]
    half = notes[0] + notes[1][:30]
    assert [notes[0], notes[1][:30]] == [*apart(half.splitlines(keepends=True))]


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    try:
        Signed.trusted(raw, [LOG.vkey, WITNESS.vkey])
    except BadNote:
        return
    raise AssertionError("random bytes were taken for a signed checkpoint")


@given(st.data())
def test_no_altered_note_is_trusted(data: st.DataObject) -> None:
    note = str(sign(TEXT, [LOG])).encode()
    place = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != note[place]))
    kind = data.draw(st.sampled_from(["changed", "removed", "added"]))
    middle = {"changed": bytes([other]), "removed": b"", "added": bytes([note[place], other])}
    altered = note[:place] + middle[kind] + note[place + 1 :]
    if altered == note:
        return
    with pytest.raises(BadNote):
        Signed.trusted(altered, [LOG.vkey])
