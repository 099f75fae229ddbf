"""`tocsin` that does not wait for PostgreSQL's disk: does anybody notice?

Run as a program in place of the real one. There is no such setting, and there must be none.
"""

from tocsin.cli import main
from tocsin.store import postgres, postgres_batch, postgres_tree

WAITS = "'remote_apply' ELSE 'on' END"
FORGETS = "'off' ELSE 'off' END"


def forgetful(limits: str) -> str:
    """The same limits of a transaction, but whoever commits is answered before it is durable."""
    assert WAITS in limits
    return limits.replace(WAITS, FORGETS)


if __name__ == "__main__":
    hasty = forgetful(postgres_batch.LIMITS)
    for module in (postgres, postgres_batch, postgres_tree):
        assert "LIMITS" in vars(module)
        vars(module)["LIMITS"] = hasty
    main()
