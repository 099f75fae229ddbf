"""Can somebody install this anywhere, get what we tested, and be free to use it?"""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = (ROOT / "constraints.txt").read_text().splitlines()
SCRIPTS = sorted(
    file
    for folder in ("scripts", ".ci")
    for file in (ROOT / folder).iterdir()
    if file.is_file() and file.read_bytes().startswith(b"#!/bin/sh")
)


def closure(requirements: Iterable[str], extras: Iterable[str] = ("",)) -> Iterator[str]:
    """Every distribution that these requirements bring to this machine, theirs included."""
    waiting, seen = [(Requirement(each), tuple(extras)) for each in requirements], set[str]()
    while waiting:
        requirement, asked = waiting.pop()
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in asked):
            continue
        name = canonicalize_name(requirement.name)
        key = f"{name}{sorted(requirement.extras)}"
        if key not in seen:
            seen.add(key)
            yield name
            inner = ("", *requirement.extras)
            waiting += [(Requirement(each), inner) for each in distribution(name).requires or ()]


def licence(name: str) -> str:
    about = distribution(name).metadata
    stated = [
        about[key].partition("\n")[0] for key in ("License-Expression", "License") if key in about
    ]
    classified = [each for each in about.get_all("Classifier") or () if each.startswith("License")]
    return " | ".join([*stated, *classified])


def copyleft(names: Iterable[str]) -> set[str]:
    return {name for name in names if re.search("GPL|General Public", licence(name))}


def test_every_pin_is_one_exact_version_and_nothing_else() -> None:
    """No index, no hash, no address: whoever installs chooses where from."""
    assert [pin for pin in PINS if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)] == []


ELSEWHERE = {"spark", "sail", "evidence-s3"}
"""What is not installed here, as two of them bring a package of one name, or as nothing here uses
it: what they ask for by themselves is not to be seen from here."""


def test_everything_that_is_installed_is_pinned() -> None:
    """One package left free, and two machines test two different things."""
    extras = PROJECT["optional-dependencies"]
    here = (each for name, extra in extras.items() if name not in ELSEWHERE for each in extra)
    there = {
        canonicalize_name(Requirement(each).name) for name in ELSEWHERE for each in extras[name]
    }
    pinned = {canonicalize_name(pin.partition("==")[0]) for pin in PINS}
    assert {*closure([*PROJECT["dependencies"], *here]), *there} - pinned == set()


def test_nothing_that_runs_in_production_binds_its_users_to_copyleft() -> None:
    assert copyleft(closure(PROJECT["dependencies"])) == set()


def test_the_driver_of_postgresql_is_the_one_exception_and_an_option() -> None:
    """It is LGPL: fine to use, not ours to impose. It also shows that the check above can fail."""
    extra = PROJECT["optional-dependencies"]["postgres"]
    assert copyleft(closure(extra)) == {"psycopg", "psycopg-binary"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_runs_in_any_posix_shell(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert re.search(r"^set -eu$", script.read_text(), re.MULTILINE)
    parsed = subprocess.run(["/bin/sh", "-n", script], capture_output=True, text=True, check=False)
    assert parsed.stderr == ""


def test_the_scripts_were_found() -> None:
    assert {"bootstrap", "check", "run", "serve", "test"} <= {script.name for script in SCRIPTS}
