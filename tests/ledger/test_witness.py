"""Witnesses: a real one signs what follows, and whatever else answers is not believed."""

from dataclasses import replace

import pytest

from tests.ledger.kit import SmallWitness, forged, grow, key_of, serving, signed
from tests.store.conftest import Store
from tocsin.ledger import shown
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.notary import Notary
from tocsin.ledger.notes import cosign, read_note, verified
from tocsin.ledger.outside import BadAddress, Unanswered, check_address, post
from tocsin.ledger.places import Disagrees, Refused
from tocsin.ledger.vkeys import COSIGNATURE, ED25519, Skey
from tocsin.ledger.witness import Witness
from tocsin.settings import Settings
from tocsin.store.log import Log


@pytest.fixture
def signing(sqlite_store: Store) -> tuple[Log, Settings, SmallWitness]:
    """A log of five events that is signed, and a witness that knows its key."""
    log, settings = sqlite_store.open(), sqlite_store.settings
    grow(log, 5)
    signed(log, settings)
    return log, settings, SmallWitness([key_of(settings).vkey])


def more(log: Log, settings: Settings, count: int) -> None:
    grow(log, count)
    signed(log, settings)


def test_a_witness_signs_one_checkpoint_after_another(store: Store) -> None:
    log, settings = store.open(), store.settings
    grow(log, 5)
    signed(log, settings)
    small = SmallWitness([key_of(settings).vkey])
    with serving(small) as outside:
        witness = Witness(outside.url, small.vkey)
        for count in (0, 1, 10, 300):
            known = small.size
            if count:
                more(log, settings, count)
            taken = witness.publish(log, known)
            assert taken is not None
            assert log.head() == taken.size == small.size
            last = log.latest_checkpoint()
            assert last is not None
            note = read_note(last.note + taken.body.decode())
            vouched = {each.vkey: each.moment for each in verified(note, [small.vkey])}
            assert {small.vkey: small.moment} == vouched
        assert witness.publish(log, small.size) is None
    assert 4 == len(outside.asked), "a witness that is where we think needs one question"


def test_a_witness_that_has_seen_more_or_less_than_we_know_says_so(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, settings, small = signing
    with serving(small) as outside:
        witness = Witness(outside.url, small.vkey)
        assert witness.publish(log, 3) is not None, "it had seen nothing"
        more(log, settings, 4)
        assert witness.publish(log, 0) is not None, "it had seen five"
    assert 9 == small.size
    assert [b"old 3", b"old 0", b"old 0", b"old 5"] == [
        each.split(b"\n")[0] for each in outside.asked
    ]


def test_what_a_witness_signed_is_served_with_the_checkpoint(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, settings, small = signing
    with serving(small) as outside:
        settings = replace(settings, witnesses=(f"{outside.url} {small.vkey}",))
        keeper = Keeper(log, settings)
        keeper.once()
    last = log.latest_checkpoint()
    assert last is not None
    note = read_note(shown.whole_note(log, last))
    assert 2 == len(verified(note, [small.vkey, key_of(settings).vkey]))
    assert ["cosignature", "key"] == sorted(each.kind for each in log.attestations())


def test_the_key_of_a_witness_may_be_written_as_that_of_a_log(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    """Many print it so: it is the same key, for another message."""
    log, _, small = signing
    with serving(small) as outside:
        as_log = replace(small.vkey, kind=ED25519)
        witness = Witness.read(f"{outside.url}/ {as_log}")
        assert COSIGNATURE == witness.vkey.kind
        assert witness.publish(log, 0) is not None


def test_a_witness_that_has_seen_another_log_disagrees(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, settings, small = signing
    for size, root, why in (
        (5, bytes(32), "does not follow"),
        (3, bytes(32), "does not follow"),
        (9, bytes(32), "has signed a checkpoint of 9 events, and ours has 5"),
    ):
        small.size, small.root = size, root
        with serving(small) as outside, pytest.raises(Disagrees, match=why):
            Witness(outside.url, small.vkey).publish(log, 0)
    notary = Notary(log, settings)
    grow(log, 1)
    assert notary.make() is not None, "a stranger's word stops nobody"


def test_another_server_of_the_log_may_have_been_faster(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, _, small = signing
    grow(log, 2)
    small.size, small.root = 7, log.tree_root(7)
    with serving(small) as outside:
        assert Witness(outside.url, small.vkey).publish(log, 0) is None


def test_a_witness_that_does_not_know_us_says_why(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, _, small = signing
    small.keys = []
    with serving(small) as outside, pytest.raises(Refused, match="403: not of a log that I know"):
        Witness(outside.url, small.vkey).publish(log, 0)


STRANGER = Skey.new("witness.example/w1", COSIGNATURE)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, b"", "signature lines"),
        (200, b"\xff", "does not sign as it should"),
        (200, str(cosign(STRANGER, "log\n1\nroot\n", 1)).encode(), "None of the keys"),
        (409, b"", "without the size"),
        (409, b"-1\n", "without the size"),
        (409, b"9" * 19, "without the size"),
        (500, b"\x1b[31mred\n", r"500: \[31mred"),
        (302, b"", "answers 302"),
    ],
)
def test_an_answer_that_is_no_cosignature_is_refused(
    signing: tuple[Log, Settings, SmallWitness], status: int, body: bytes, why: str
) -> None:
    log, _, small = signing
    with (
        serving(lambda *_: (status, "text/plain", body)) as outside,
        pytest.raises(Refused, match=why),
    ):
        Witness(outside.url, small.vkey).publish(log, 0)


def test_a_cosignature_of_something_else_or_of_the_future_is_refused(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, settings, small = signing
    other = read_note(forged(key_of(settings), 5, bytes(32))).text
    line = str(cosign(small.skey, other, 1)).encode()
    with serving(lambda *_: (200, "", line)) as outside, pytest.raises(Refused, match="not fit"):
        Witness(outside.url, small.vkey).publish(log, 0)
    small.moment = 2**40
    with serving(small) as outside, pytest.raises(Refused, match="in the future"):
        Witness(outside.url, small.vkey).publish(log, 0)


def test_what_does_not_answer_is_asked_again_later(
    signing: tuple[Log, Settings, SmallWitness],
) -> None:
    log, _, small = signing
    with serving(lambda *_: (200, "text/plain", b"x" * 70_000)) as outside:
        with pytest.raises(Unanswered, match="more than 65,536 bytes"):
            Witness(outside.url, small.vkey).publish(log, 0)
        assert small.size == 0
    with pytest.raises(Unanswered, match="does not answer"):
        Witness(outside.url, small.vkey).publish(log, 0)


def test_who_answers_drop_by_drop_is_not_waited_for() -> None:
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                try:
                    while not enough.wait(0.02):
                        connection.sendall(b"x")
                except OSError:
                    pass

        enough = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Unanswered, match="did not answer within"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", "text/plain", 0.2)
        enough.set()
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "http://witness.example",
        "ftp://witness.example",
        "witness.example",
        "https://user:secret@witness.example",
        "https://witness.example:port",
        "https://[::1",
    ],
)
def test_an_address_that_may_not_be_asked_is_refused(address: str) -> None:
    with pytest.raises(BadAddress) as refused:
        check_address(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["https://witness.example/a?b", "http://localhost:1", "http://[::1]:1"]
)
def test_an_address_of_https_or_of_this_machine_may_be_asked(address: str) -> None:
    assert check_address(address).hostname
