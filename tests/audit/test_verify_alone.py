"""The verifier as a program: one file, run by people who have nothing else of ours."""

import ast
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.audit.paper import TOKEN, Paper, altered, whole, with_header
from tocsin.audit import verify

PROGRAM = Path(verify.__file__)
OLDEST = (3, 9)


@pytest.fixture
def raw(paper: Paper) -> bytes:
    """The whole log."""
    return paper.export(whole)


def run(*arguments: str | Path, python: tuple[str, ...] = (sys.executable,)) -> Any:
    return subprocess.run(
        [*python, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


def test_it_runs_alone_with_nothing_but_the_standard_library(
    paper: Paper, raw: bytes, tmp_path: Path
) -> None:
    """Isolated, without installed packages: signatures are then checked by `openssl`."""
    program = tmp_path / "verify.py"
    program.write_bytes(PROGRAM.read_bytes())
    (tmp_path / "export.jsonl").write_bytes(raw)
    (tmp_path / "held.txt").write_text("".join(paper.held), "utf-8")
    alone = (sys.executable, "-I", "-S")
    given = (program, tmp_path / "export.jsonl", "--key", paper.key)
    held = ("--held", tmp_path / "held.txt", "--witness", paper.witness)
    done = run(*given, *held, "--write-tokens", tmp_path, python=alone)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nmind: []\nEverything agrees.\n")
    assert (tmp_path / "1.token").read_bytes() == TOKEN
    assert (tmp_path / "1.note").read_text("utf-8") == paper.held[2]

    (tmp_path / "export.jsonl").write_bytes(altered(raw, 9, b'"schema":1', b'"schema":2'))
    done = run(*given, "--json", python=alone)
    assert done.returncode == 1
    assert json.loads(done.stdout)["wrong"][0]["line"] == 9
    note = paper.held[0].replace("A", "B")
    (tmp_path / "held.txt").write_text(note, "utf-8")
    assert run(*given, *held, python=alone).returncode in (1, 2)


def test_the_library_and_the_program_agree_on_signatures(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = verify.note_of(paper.held[0])
    key = verify.key_of(paper.key)
    bad = replace_signature(note)
    assert (verify.signing(note, key), verify.signing(bad, key)) == (0, -1)
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    assert (verify.signing(note, key), verify.signing(bad, key)) == (0, -1)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="openssl"):
        verify.signing(note, key)


def replace_signature(note: Any) -> Any:
    (name, number, signature), *_ = note.signatures
    other = signature[:-1] + bytes([signature[-1] ^ 1])
    return note._replace(signatures=[(name, number, other)])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.jsonl",), "No such file"),
        (("{here}", "--key", "rubbish"), "is not base64"),
        (("{here}", "--held", "{here}"), "is not a signed checkpoint"),
        (("{program}",), "line 1 is no header of an audit export"),
    ],
)
def test_wrong_use_is_not_taken_for_a_wrong_log(
    raw: bytes, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    here = tmp_path / "export.jsonl"
    here.write_bytes(raw)
    names = {"here": here, "program": PROGRAM}
    done = run(PROGRAM, *(each.format(**names) for each in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_it_can_be_read_in_one_sitting_and_needs_neither_tocsin_nor_a_new_python() -> None:
    source = PROGRAM.read_text("utf-8")
    tree = ast.parse(source, feature_version=OLDEST)
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}
    assert len(source.splitlines()) < 300


def test_what_a_hostile_file_says_does_not_reach_the_terminal(raw: bytes, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    file.write_bytes(with_header(raw, scope={"kind": "all", "note": "\x1b[2J\u202e"}))
    done = run(PROGRAM, file)
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    file.write_text('{"tocsin-audit": 1, "scope": {"kind": "\\u001b[2J"}}\n')
    assert "\x1b" not in run(PROGRAM, file).stderr


def test_an_endless_line_is_not_read_into_memory(raw: bytes) -> None:
    class Endless(BytesIO):
        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= verify.HEADER_BYTES
            self.asked += 1
            return super().readline(size)

    file = Endless(raw)
    verify.examine(verify.Export(file), [], [], [])
    assert file.asked > 10
