"""Is a reference ever given to two incidents?"""

import pytest

from tests.store.conftest import Store
from tests.store.samples import entry, logged, noted, take
from tocsin.store.entries import Stored
from tocsin.store.log import Log


class TestAReference:
    def test_is_given_out_in_order(self, log: Log) -> None:
        given = [log.next_reference() for _ in range(45)]
        assert given == [f"INC{n:07d}" for n in range(1, 46)]

    def test_stays_the_next_until_it_is_taken(self, log: Log) -> None:
        log.reserve_references(2)
        assert log.peek_reference() == log.peek_reference() == "INC0000001"
        assert log.take_reference() == "INC0000001"
        assert log.peek_reference() == "INC0000002"

    def test_is_never_given_out_again_by_a_later_run(self, store: Store) -> None:
        used = []
        for _ in range(3):
            log = store.open()
            for _ in range(3):
                reference = log.next_reference()
                claims = (take("reference", reference),)
                (outcome,) = log.commit([entry(logged(reference), claims=claims)])
                assert isinstance(outcome, Stored)
                used.append(reference)
            store.close()
        assert used == sorted(set(used))

    @pytest.mark.parametrize("number", [3, 12, 1234])
    def test_skips_what_an_import_brought(self, log: Log, number: int) -> None:
        """A foreign number in our own form: above it, or within what was reserved already."""
        log.reserve_references(5)
        assert log.take_reference() == "INC0000001"
        imported = entry(noted("a"), claims=(take("reference", f"INC{number:07d}"),))
        log.commit([imported])
        assert log.next_reference() == f"INC{number + 1:07d}"

    def test_of_another_form_is_nobodys_number(self, log: Log) -> None:
        log.commit([entry(noted("a"), claims=(take("reference", "INC99"), take("reference", "X")))])
        assert log.next_reference() == "INC0000001"
