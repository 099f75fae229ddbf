"""A document as one HTML file: no script, nothing fetched, readable in the dark and on paper."""

from collections.abc import Iterator
from html import escape

from tocsin.documents.document import Block, Document, Grid, Picture, Points, Section, Sentence

STYLE = """
:root { color-scheme: light dark; --line: #8886; --quiet: #667; --mark: #b34700; }
@media (prefers-color-scheme: dark) { :root { --quiet: #aab; --mark: #ffb070; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
p.subtitle, footer, li span { color: var(--quiet); }
li span { display: block; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; }
th, td { border-bottom: 1px solid var(--line); }
tr.marked td { font-weight: 600; color: var(--mark); }
p.marked { font-weight: 600; color: var(--mark); }
figure { margin: 1rem 0; background: #fff; color: #000; padding: .5rem; overflow-x: auto; }
figcaption { color: #445; }
footer { margin-top: 3rem; font-size: .85rem; }
"""


def html(document: Document) -> str:
    """The document, whole, in one file. Every text is escaped; pictures are drawings of ours."""
    body = "\n".join(part for section in document.sections for part in _section(section))
    title = escape(document.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{title}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n{body}\n'
        f"<footer>{escape(document.footer)}</footer>\n</body>\n</html>\n"
    )


def _section(section: Section) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(section.title)}</h2>"
    for block in section.blocks:
        yield _block(block)
    yield "</section>"


def _block(block: Block) -> str:
    match block:
        case Sentence(text=text, marked=marked):
            kind = ' class="marked"' if marked else ""
            return f"<p{kind}>{escape(text)}</p>"
        case Points(items=items):
            points = (_point(first, second) for first, second in items)
            return f"<ul>\n{''.join(points)}</ul>"
        case Grid():
            return _grid(block)
        case Picture(svg=svg, words=words):
            return f"<figure>{svg}<figcaption>{escape(words)}</figcaption></figure>"


def _point(first: str, second: str) -> str:
    more = f"<span>{escape(second)}</span>" if second else ""
    return f"<li>{escape(first)}{more}</li>\n"


def _grid(grid: Grid) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in grid.heads)
    rows = []
    for place, row in enumerate(grid.rows):
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        marked = ' class="marked"' if place in grid.marked else ""
        rows.append(f"<tr{marked}>{cells}</tr>\n")
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>"
