"""Of several servers on one log, one signs and delivers by itself; another can go on from there."""

import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.store.samples import entry, noted
from tocsin.ledger.keeper import Keeper
from tocsin.settings import Settings
from tocsin.store.log import Log

SECONDS = 10.0


def until_all_know(keepers: Collection[Keeper], size: int) -> None:
    """The place outside has a checkpoint of so many events, and everybody has noticed."""
    ends = time.monotonic() + SECONDS
    while {each.couriers[0].known for each in keepers} != {size}:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_one_signs_and_delivers_and_another_goes_on_where_it_stopped(
    postgres_url: str, tmp_path: Path
) -> None:
    """Each checkpoint is once in the file outside, whoever has brought it there."""
    outside = tmp_path / "outside"
    settings = Settings(home=tmp_path, database=postgres_url, vault=False)
    settings = replace(settings, checkpoint_seconds=0.05, checkpoint_file=outside)
    turn = ["one"]
    with ExitStack() as opened:
        log = Log.open(settings, writer=True)
        opened.callback(log.close)
        keepers = {}
        for name in ("one", "other"):
            own = Log.open(settings, writer=True)
            opened.callback(own.close)
            keepers[name] = Keeper(own, settings, lambda name=name: turn == [name])  # type: ignore[misc]
            keepers[name].start()
        signed = 0
        for name in ("one", "other", "one"):
            turn[:] = [name]
            for _ in range(2):
                log.commit([entry(noted("more"))])
                signed += 1
                until_all_know(keepers.values(), signed)
        for keeper in keepers.values():
            keeper.stop()
        assert signed == len(log.checkpoints(0, 100)) == 6
        assert outside.read_text().count("\N{EM DASH} ") == 6
        assert all(not each.alarm and not each.couriers[0].failures for each in keepers.values())
