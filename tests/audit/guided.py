"""The same question as `forging`, led by what the code does: `python -m tests.audit.guided`.

Atheris changes files so that they reach code that none before has reached. Its options follow:
`-runs=200000`, `-max_total_time=600`.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["tocsin.audit.verify", "tocsin.ledger"]):
    from tests.audit.forging import Believed, Forger
    from tests.audit.paper import made, sealed
    from tocsin.ledger.merkle import BadProof, leaf_hash, verify_consistency, verify_inclusion

EXPORT, MENDED, NOTE, INCLUSION, CONSISTENCY = range(5)


def proof(forger: Forger, kind: int, data: bytes) -> None:
    """Show these bytes as the path of a proof, and what is before it as its numbers.

    Raises:
        Believed: it proves what is not so.
    """
    old, size = data[0] % (forger.paper.size + 2), data[1] % (forger.paper.size + 2)
    path = [data[place : place + 32] for place in range(2, len(data), 32)]
    before, after = forger.roots.get(old, b""), forger.roots.get(size, b"")
    try:
        if kind == INCLUSION:
            verify_inclusion(leaf_hash(b"made up"), old, size, path, after)
        else:
            verify_consistency(old, size, after, before, path)
    except BadProof:
        return
    if kind == INCLUSION or old not in (size, 0):
        raise Believed((kind, data))


def main() -> None:
    """Until somebody says enough, or something is believed."""
    with tempfile.TemporaryDirectory(prefix="tocsin-guided-") as folder:
        forger = Forger(made(Path(folder, "home")))
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, lines in enumerate(forger.exports):
            whole = b"\n".join([*lines[:9], *lines[-1:], b""])
            (corpus / f"export{number}").write_bytes(bytes([EXPORT]) + whole)
            (corpus / f"mended{number}").write_bytes(bytes([MENDED]) + whole)
        for number, note in enumerate(forger.paper.held):
            (corpus / f"note{number}").write_bytes(bytes([NOTE]) + note.encode())

        def once(data: Any) -> None:
            kind, rest = (data[0] % 5, data[1:]) if data else (NOTE, b"")
            if kind in (EXPORT, MENDED):
                forger.export(rest if kind == EXPORT else sealed(rest.split(b"\n")))
            elif kind == NOTE:
                forger.note(rest.decode("utf-8", "surrogateescape"))
            elif len(rest) > 2:
                proof(forger, kind, rest)

        atheris.Setup([sys.argv[0], "-max_len=30000", *sys.argv[1:], str(corpus)], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
