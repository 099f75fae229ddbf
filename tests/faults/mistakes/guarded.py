"""Mistakes of who proves, who seals, and who stands at the door."""

from tests.faults.mistakes.mistake import Sabotage

PROVED = (
    Sabotage(
        "the hash tree does not grow",
        "tocsin/store/sqlite.py",
        "add_nodes(connection, str(self.path), frontier.extend(row[4] for row in events))",
        "frontier.extend(row[4] for row in events)",
        "store/test_tree.py::test_any_tree_that_ever_was_is_proved_from_rows[sqlite]",
    ),
    Sabotage(
        "a node can be passed off as an event",
        "tocsin/ledger/merkle.py",
        'return sha256(b"\\x01" + left + right).digest()',
        'return sha256(b"\\x00" + left + right).digest()',
        "ledger/test_forgery.py::test_a_proof_that_passes_a_node_off_as_an_event_is_refused",
    ),
    Sabotage(
        "an altered log is signed",
        "tocsin/ledger/notary.py",
        "verify_consistency(before.size, now.size, before.root, now.root, path)",
        "verify_consistency(before.size, before.size, before.root, before.root, [])",
        "ledger/test_checkpoints.py::test_a_log_that_is_not_what_was_signed_is_signed_no_more",
    ),
    Sabotage(
        "any signature is believed",
        "tocsin/audit/verify.py",
        "except (InvalidSignature, ValueError):\n        return False",
        "except (InvalidSignature, ValueError):\n        return True",
        "audit/test_verify.py::test_a_forged_signature_is_found",
    ),
    Sabotage(
        "a sealed value opens anywhere",
        "tocsin/store/sealing.py",
        "key[1].encrypt(nonce, text, place.encode())",
        "key[1].encrypt(nonce, text, None)",
        "store/test_sealing.py::test_a_sealed_value_opens_in_its_own_place_only",
        (("raw[NONCE_BYTES:], place.encode())", "raw[NONCE_BYTES:], None)"),),
    ),
    Sabotage(
        "forgotten keys stay in memory",
        "tocsin/vault/vault.py",
        "self._keys.clear()",
        "self._keys.age()",
        "vault/test_forgetting.py::test_a_destroyed_key_is_gone_from_this_process_at_once",
    ),
    Sabotage(
        "forgotten keys stay on the disk",
        "tocsin/vault/forgetting.py",
        'gone = {"wrapped": None, "name": None,',
        'gone = {"name": None,',
        "vault/test_forgetting.py::test_the_remains_of_a_key_leave_the_disk",
    ),
    Sabotage(
        "other processes do not hear of forgotten keys",
        "tocsin/vault/forgetting.py",
        "generation=vault.c.generation + 1",
        "generation=vault.c.generation",
        "vault/test_forgetting.py::test_another_process_notices_within_the_time_that_it_promises",
    ),
)
ASKED = (
    Sabotage(
        "a body may be of any size",
        "tocsin/http/body.py",
        "        if len(body) > limit:\n            raise _too_large(limit)\n        return body",
        "        return body",
        "http/test_guard.py::test_a_body_that_comes_at_once_and_does_not_say_how_large_it_is_is_counted",
    ),
    Sabotage(
        "a key may ask without end",
        "tocsin/http/access.py",
        "known.tokens -= 1",
        "known.tokens -= 0",
        "http/test_access.py::test_a_key_that_asks_too_often_is_asked_to_wait",
    ),
    Sabotage(
        "rates are counted by the wall clock",
        "tocsin/http/access.py",
        "        now = monotonic()\n        if now - self._looked",
        "        now = time()\n        if now - self._looked",
        "http/test_access.py::test_a_wall_clock_that_jumps_locks_nobody_out",
    ),
    Sabotage(
        "any key opens any door",
        "tocsin/http/access.py",
        "if scope not in known.caller.scopes and Scope.ADMIN not in known.caller.scopes:",
        "if not known.caller.scopes and Scope.ADMIN not in known.caller.scopes:",
        "http/test_access.py::test_a_key_opens_what_its_scopes_say_and_nothing_else",
    ),
    Sabotage(
        "a revoked key opens",
        "tocsin/http/access.py",
        "if known.key.revoked_at is not None:",
        "if known.key.revoked_at is known:",
        "http/test_access.py::test_revocation_by_another_process_takes_effect_within_two_seconds",
    ),
    Sabotage(
        "any host name is answered",
        "tocsin/http/guard.py",
        "if name.lower() in self._hosts:",
        "if name.lower() or self._hosts:",
        "http/test_guard.py::test_another_host_name_is_not",
    ),
    Sabotage(
        "of two fields of one name the last counts",
        "tocsin/door.py",
        "if len(found) != len(pairs):",
        "if len(found) > len(pairs):",
        "http/test_hostile.py::test_a_hostile_body_is_refused_quickly_and_leaves_nothing",
    ),
)
