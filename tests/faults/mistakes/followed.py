"""Mistakes of who follows the log, here and elsewhere, and of who copies it."""

from tests.faults.mistakes.mistake import Sabotage

READ = (
    Sabotage(
        "a page is applied wherever its reader stands",
        "tocsin/readmodels/registry.py",
        "if not self._set(connection, generation, old, position=new, updated_at=now()):",
        "if not self._set(connection, generation, None, position=new, updated_at=now()):",
        "readmodels/test_following.py::test_a_second_runner_fails_instead_of_counting_twice",
    ),
    Sabotage(
        "positions run ahead of their rows",
        "tocsin/readmodels/registry.py",
        "old, position=new, updated_at=now()):",
        "old, position=new + 1, updated_at=now()):",
        "readmodels/test_following.py::test_a_runner_that_died_between_pages_is_continued_exactly",
    ),
    Sabotage(
        "readers are moved back by a rebuild",
        "tocsin/readmodels/registry.py",
        "if live is not None and position < live.position <= head:",
        "if live is not None and head < position < live.position:",
        "readmodels/test_rebuilding.py::test_a_rebuild_never_moves_readers_back",
    ),
    Sabotage(
        "a projector that was followed by another one writes on",
        "tocsin/readmodels/tenure.py",
        "leases.name == lease.name, leases.epoch == epoch)",
        "leases.name == lease.name)",
        "readmodels/test_leases.py::"
        "test_whoever_lost_it_writes_nothing_though_nobody_has_moved_anything",
    ),
)
AWAY = (
    Sabotage(
        "a backup is believed by its size",
        "tocsin/backup/checking.py",
        "if kept(file, show, stop) != said:",
        "if kept(file, show, stop).bytes != said.bytes:",
        "backup/test_checking.py::test_a_byte_that_changed_is_found_in_any_file",
    ),
    Sabotage(
        "the relay goes on one event too late",
        "tocsin/jetstream/resuming.py",
        "    return End(sequence, position)\n\n\ndef _position",
        "    return End(sequence, position + 1)\n\n\ndef _position",
        "jetstream/test_relay.py::test_it_goes_on_behind_the_last_message",
    ),
)
