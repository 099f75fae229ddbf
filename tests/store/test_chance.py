"""Chance that nobody was given before: nonces that stand twice under one key would open it."""

import os
from concurrent.futures import ThreadPoolExecutor

from tocsin.chance import AT_ONCE, PIECE, piece
from tocsin.ids import new_id

MANY = 20 * AT_ONCE


def test_no_piece_is_given_out_twice_however_many_ask() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: piece(), range(MANY)))
    assert MANY == len(set(found))
    assert {PIECE} == {len(each) for each in found}


def test_a_process_that_is_forked_has_chance_of_its_own() -> None:
    piece()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"".join(piece() for _ in range(AT_ONCE)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, PIECE * AT_ONCE)
    os.close(reading)
    os.close(writing)
    ours = {piece() for _ in range(AT_ONCE)}
    assert ours.isdisjoint(theirs[n : n + PIECE] for n in range(0, len(theirs), PIECE))


def test_ids_are_version_7_and_sort_by_time() -> None:
    first, second = new_id(), new_id()
    assert (7, "specified in RFC 4122") == (first.version, first.variant)
    assert first.int >> 80 <= second.int >> 80
    assert first != second
