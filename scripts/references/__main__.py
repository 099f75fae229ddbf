"""Write the reference pages, or with --check say which no longer say what the code says."""

import sys

from scripts.references.pages import FOLDER, pages


def main(arguments: list[str]) -> int:
    """Bring the folder up to date, or only look."""
    wanted = pages()
    there = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted | there if wanted.get(name) != there.get(name))
    if arguments == ["--check"]:
        for name in stale:
            print(f"docs/reference/{name} is out of date")
        return bool(stale)
    if arguments:
        print("usage: scripts/reference [--check]", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], "utf-8")
        else:
            (FOLDER / name).unlink()
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
