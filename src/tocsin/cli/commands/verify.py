"""`tocsin verify`: is the log whole, and do the read models say what it says?"""

import time
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, WRONG, Session, subcommand

if TYPE_CHECKING:
    from tocsin.cli.verification.findings import Findings
    from tocsin.cli.verification.models import Compared
    from tocsin.store.log import Log

NAMED = 50
"""Faults that are printed; `--json` has a thousand."""


@subcommand("verify", exits=f"{EXITS} Any fault: 1.")
@click.option("--log-only", is_flag=True, help="Leave the read models out.")
def command(session: Session, log_only: bool) -> int:
    """Read the whole log again, and check that everything agrees with it.

    Positions without gaps, versions contiguous, every event readable and canonical, each command
    answered for, each stream as the index has it, references and other names held by whom the
    events say, and the read models equal to rebuilt ones. It may run beside `tocsin serve`.
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

    head = log.head()
    with bar(session, "events", "by position") as progress:
        tails = walk(log, head, findings, progress)
    with bar(session, "incidents", "by incident") as progress:
        names = compare(log, tails, findings, progress)
    count = check_names(log, names, head, findings)
    return {"place": log.place, "head": head, "streams": len(tails), "names": count}


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
        f"{document['place']}: {document['head']:,} events of {document['streams']:,} incidents,"
        f" {document['names']:,} names, in {document['seconds']:.1f} s"
    )
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
        out.print(f"{total:,} faults.", style="bold red")
    else:
        out.print("Everything agrees.", style="green")
