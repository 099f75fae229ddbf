"""Mistakes of who stores events, and of who decides which."""

from tests.faults.mistakes.mistake import Sabotage

STORED = (
    Sabotage(
        "no fsync on SQLite",
        "tocsin/store/sqlite_file.py",
        '"PRAGMA synchronous = FULL"',
        '"PRAGMA synchronous = OFF"',
        "store/test_sqlite.py::test_commits_wait_for_the_disk",
    ),
    Sabotage(
        "no fsync on PostgreSQL",
        "tocsin/store/postgres_batch.py",
        "ELSE 'on' END, true)",
        "ELSE 'off' END, true)",
        "store/test_postgres.py::test_a_commit_is_durable_whatever_the_database_says",
    ),
    Sabotage(
        "no lock on the head of the log",
        "tocsin/store/postgres_batch.py",
        "FROM tocsin.head FOR UPDATE",
        "FROM tocsin.head",
        "store/test_postgres_faults.py::"
        "test_a_follower_misses_nothing_of_what_a_crowd_of_processes_writes",
    ),
    Sabotage(
        "answered, and rolled back",
        "tocsin/store/sqlite.py",
        'with self.spent.commit:\n                    connection.execute("COMMIT")',
        'with self.spent.commit:\n                    connection.execute("ROLLBACK")',
        "store/test_contract.py::test_everything_is_there_after_reopening[sqlite]",
    ),
    Sabotage(
        "a connection is used on after its transaction failed",
        "tocsin/store/sqlite.py",
        "self._discard()\n            self._failed |=",
        "self._failed |=",
        "store/test_sqlite.py::test_a_commit_that_fails_leaves_nothing_behind",
    ),
    Sabotage(
        "two processes write one file",
        "tocsin/store/sqlite_file.py",
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "store/test_sqlite.py::test_a_second_writer_is_told_who_the_first_is",
    ),
    Sabotage(
        "history can be changed by mistake",
        "tocsin/store/sqlite_file.py",
        'for table in ("events", "commands")\n            for verb in ("UPDATE", "DELETE")',
        'for table in ("events", "commands")\n            for verb in ("UPDATE",)',
        "store/test_sqlite.py::test_history_cannot_be_changed_by_mistake",
    ),
    Sabotage(
        "a follower begins one event too late",
        "tocsin/store/sqlite_reading.py",
        '"SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT ?"',
        '"SELECT position, body FROM events WHERE position > ? + 1 ORDER BY position LIMIT ?"',
        "store/test_contract.py::test_pages_begin_after_a_position_and_end_at_their_limit[sqlite]",
    ),
    Sabotage(
        "a name of an event is taken for a module",
        "tocsin/store/mapper.py",
        "cls: Any = EVENTS[name]",
        'cls: Any = EVENTS.get(name) or getattr(__import__(name.split(":")[0]), "x")',
        "store/test_mapper.py::test_a_name_that_looks_like_a_module_is_never_imported",
    ),
)
DECIDED = (
    Sabotage(
        "answers are not remembered",
        "tocsin/store/sqlite.py",
        "for entry, stored in winners if entry.kept",
        "for entry, stored in winners if not entry.kept",
        "desk/test_desk.py::"
        "test_a_retry_gets_the_first_answer_byte_for_byte_even_if_the_world_moved_on[sqlite]",
    ),
    Sabotage(
        "a key stands for any request",
        "tocsin/desk.py",
        "if ask.fingerprint != fingerprint:",
        "if ask.fingerprint != fingerprint and not fingerprint:",
        "desk/test_desk.py::test_a_key_stands_for_one_request_only[sqlite]",
    ),
    Sabotage(
        "a commit whose answer was lost is taken for new",
        "tocsin/desk.py",
        "replace(entry, fresh=False)",
        "replace(entry, fresh=True)",
        "desk/test_desk.py::test_a_commit_whose_answer_was_lost_is_not_done_twice[sqlite]",
    ),
    Sabotage(
        "a name is given to two",
        "tocsin/store/entries.py",
        "if claim.take and claim.firm and holder not in (None, entry.drafts[0].stream):",
        "if claim.take and not claim.firm and holder not in (None, entry.drafts[0].stream):",
        "store/test_contract.py::TestAName::test_cannot_be_taken_twice[sqlite]",
    ),
    Sabotage(
        "a lost race is not noticed",
        "tocsin/store/entries.py",
        "if draft.version != version + 1:",
        "if draft.version < version + 1 and not version:",
        "store/test_contract.py::TestAStreamThatSomebodyElseExtended::test_makes_an_entry_stale",
    ),
    Sabotage(
        "no, on whatever version",
        "tocsin/store/entries.py",
        "for ground in (*entry.beside, entry.expects, entry.under):",
        "for ground in (*entry.beside, entry.under):",
        "store/test_contract.py::TestAStreamThatSomebodyElseExtended"
        "::test_makes_an_answer_without_events_stale",
    ),
    Sabotage(
        "what rested on a loser is stored",
        "tocsin/store/entries.py",
        "behind |= entry.extends",
        "behind |= set()",
        "store/test_beside.py::test_it_does_not_rest_on_what_lost_before_it_in_the_batch",
    ),
    Sabotage(
        "If-Match is not heeded",
        "tocsin/decision.py",
        "ask.expected_version != state.version",
        "ask.expected_version < 0",
        "desk/test_desk.py::test_a_stale_version_is_told_and_records_nothing[sqlite]",
    ),
    Sabotage(
        "recorded times go back with the clock",
        "tocsin/decision.py",
        "recorded_at = max(now, hot.recorded_at) if hot.recorded_at else now",
        "recorded_at = now",
        "desk/test_desk.py::test_recorded_times_never_go_back_in_one_history[sqlite]",
    ),
)
