"""`tocsin verify`: is the log whole, and do the read models say what it says?"""

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, WRONG, Session, subcommand

if TYPE_CHECKING:
    from tocsin.cli.verification.findings import Findings
    from tocsin.cli.verification.models import Compared
    from tocsin.store.log import Log

NAMED = 50
"""Faults that are printed; `--json` has a thousand."""
UNREADABLE = "unreadable"
"""Stands for the kind of a stream of which nothing can be read."""


@subcommand("verify", exits=f"{EXITS} Any fault: 1.")
@click.option("--log-only", is_flag=True, help="Leave the read models out.")
def command(session: Session, log_only: bool) -> int:
    """Read the whole log again, and check that everything agrees with it.

    Positions without gaps, versions contiguous, every event readable and canonical, each command
    answered for, each stream as the index has it, references and other names held by whom the
    events say, the hash tree over the stored bytes as it was kept and as checkpoints signed it,
    and the read models equal to rebuilt ones. It may run beside `tocsin serve`.
    """
    from tocsin.cli.histories import reading
    from tocsin.cli.verification.findings import Findings

    began, findings = time.monotonic(), Findings()
    with reading(session) as log:
        document = _check(session, log, findings)
        compared = [] if log_only else _compare(session, log, findings)
    document |= {
        "ok": not findings.counts,
        "read_models": [vars(each) for each in compared],
        "faults": [vars(fault) for fault in findings.faults],
        "faults_by_check": dict(findings.counts),
        "faults_unnamed": findings.unnamed,
        "seconds": round(time.monotonic() - began, 3),
    }
    if session.json:
        session.answer(document)
    else:
        _show(session, document, compared, findings)
    return WRONG if findings.counts else 0


def _check(session: Session, log: "Log", findings: "Findings") -> dict[str, Any]:
    from tocsin.cli.progress import bar
    from tocsin.cli.verification.order import walk
    from tocsin.cli.verification.streams import check_names, compare
    from tocsin.cli.verification.tree import TreeCheck

    head, tree = log.head(), TreeCheck(log, findings)
    head = max(head, tree.kept.size)
    with bar(session, "events", "by position") as progress:
        tails = walk(log, head, findings, tree, progress)
    followed = tree.finish()
    with bar(session, "streams", "by stream") as progress:
        names = compare(log, tails, findings, progress)
    count = check_names(log, names, head, findings)
    kinds = Counter(tail.kind or UNREADABLE for tail in tails.values())
    return {
        "place": log.place,
        "head": head,
        "streams": len(tails),
        "streams_by_kind": dict(sorted(kinds.items())),
        "names": count,
        "tree": vars(followed),
    }


def _compare(session: Session, log: "Log", findings: "Findings") -> "list[Compared]":
    from tocsin.cli.verification.models import compare_models

    with session.err.status("read models") as status:
        return compare_models(
            log, session.settings, findings, lambda name: status.update(f"read model {name}")
        )


def _show(
    session: Session, document: dict[str, Any], compared: "list[Compared]", findings: "Findings"
) -> None:
    out = session.out
    out.print(
        f"{document['place']}: {_counted(document['head'], 'event')}"
        f"{whose(document['streams_by_kind'])}, {_counted(document['names'], 'name')},"
        f" in {document['seconds']:.1f} s"
    )
    _show_tree(session, document["tree"], document["head"])
    for each in compared:
        if each.equal is None:
            out.print(f"  {each.name}: not built, nothing to compare", style="yellow")
        else:
            said = "equal to a rebuilt one" if each.equal else "NOT what the log says"
            out.print(f"  {each.name}: {each.rows:,} rows at position {each.position:,}, {said}")
    for fault in findings.faults[:NAMED]:
        out.print(f"  {fault}", style="red")
    total = findings.counts.total()
    if total > NAMED:
        out.print(f"  … and {total - NAMED:,} more: `--json` names a thousand.", style="red")
    if total:
        out.print(f"{_counted(total, 'fault')}.", style="bold red")
    else:
        out.print("Everything agrees.", style="green")


def _show_tree(session: Session, tree: dict[str, Any], head: int) -> None:
    """An auditor compares the root with one that they hold from elsewhere."""
    said = f"  hash tree: root {tree['root']} over {_counted(tree['followed'], 'event')}"
    session.out.print(f"{said}, agreeing with {_counted(tree['checkpoints'], 'checkpoint')}")
    if tree["kept"] < head:
        says = f"  the store keeps the tree of {tree['kept']:,} of {head:,} events:"
        way = "`tocsin serve` adds the rest, unless TOCSIN_LEDGER is false"
        session.out.print(f"{says} {way}", style="yellow")


def whose(kinds: dict[str, int]) -> str:
    """Whose events they are: `of 3 incidents, 2 clocks and the policy`."""
    from tocsin.domain.kernel import AGGREGATES

    many = sorted(kinds.keys() - {UNREADABLE}, key=lambda kind: (-kinds[kind], kind))
    only = {kind for kind in many if AGGREGATES[kind].only is not None and kinds[kind] == 1}
    said = [_counted(kinds[kind], kind) for kind in many if kind not in only]
    said += [f"the {kind}" for kind in many if kind in only]
    if UNREADABLE in kinds:
        said.append(f"{_counted(kinds[UNREADABLE], 'stream')} of which nothing can be read")
    *first, last = said or [""]
    return f" of {', '.join(first)} and {last}" if first else last and f" of {last}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")
