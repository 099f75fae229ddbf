"""The pages about the service: its read models, settings, problems, routes and commands."""

import asyncio
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

import click
from fastapi import FastAPI

from scripts.references import words
from scripts.references.markdown import cell, codes, default, kind, notes, sentence, table
from tocsin.http import problems
from tocsin.http.app import create_app
from tocsin.http.openapi import EVERYWHERE, WITH_BODY
from tocsin.readmodels.projection import Projection, Query, found
from tocsin.settings import Settings


def projections_page() -> str:
    """Every projection."""
    parts = [words.PROJECTIONS]
    parts += [_projection(each) for each in found()]
    return "\n".join(parts)


def _projection(projection: Projection) -> str:
    hints = get_type_hints(projection.row, include_extras=True)
    said = notes(projection.row)
    indexed = {name for names in projection.shape.indexes for name in names[:1]}
    rows = [
        (
            f"`{f.name}`" + (" (key)" if f.name in projection.shape.key else ""),
            kind(hints[f.name]),
            "yes" if f.name in indexed else "",
            said.get(f.name, ""),
        )
        for f in fields(projection.row)
    ]
    queries = (_query(each) for each in projection.queries)
    return "\n".join(
        (
            f"## {projection.name}\n",
            f"{projection.doc}\n",
            f"Version {projection.version}. {sentence(projection.row)}\n",
            table(("Column", "Type", "Indexed", "Meaning"), rows),
            *queries,
        )
    )


def _query(query: Query) -> str:
    rows = [
        (
            f"`{name}`",
            kind(p.annotation),
            "required" if p.default is inspect.Parameter.empty else _said(p.default),
        )
        for name, p in query.parameters.items()
    ]
    heads = ("Parameter", "Type", "Default")
    return f"### GET {query.path}\n\n{query.doc}\n\n{table(heads, rows)}"


def _said(value: Any) -> str:
    return "" if value is None else f"`{getattr(value, 'value', value)}`"


def settings_page() -> str:
    """Every setting, those of other programs last."""
    rows = []
    for each in sorted(fields(Settings), key=lambda f: f.name not in Settings.__annotations__):
        shown = default(each)
        if each.default is MISSING:
            shown = "the user's data folder"
        elif isinstance(each.default, tuple):
            shown = f"`{','.join(each.default)}`"
        rows.append((f"`TOCSIN_{each.name.upper()}`", shown, each.metadata["doc"]))
    return words.SETTINGS + "\n" + table(("Variable", "Default", "What it is"), rows)


def problems_page() -> str:
    """Every problem type."""
    rows = [
        (f"`{code}`", str(status), meaning) for code, (status, meaning) in problems.codes().items()
    ]
    return words.PROBLEMS + "\n" + table(("Code", "Status", "Meaning"), rows)


def http_page() -> str:
    """Every route, as the OpenAPI document has it: what reads, what writes, what cancels."""
    document = openapi()
    routes = [
        (method.upper(), path, route)
        for path, methods in sorted(document["paths"].items())
        for method, route in methods.items()
    ]
    common = codes(sorted((*EVERYWHERE, *WITH_BODY)))
    parts = [words.HTTP, f"Not listed, as nearly every route may answer them: {common}.\n"]
    for method, title in (("GET", "Reading"), ("POST", "Writing"), ("DELETE", "Cancelling")):
        rows = [_route(path, route) for verb, path, route in routes if verb == method]
        heads = (method, "What it does", "Query and headers", "Scope", "Answers")
        parts += [f"## {title}\n", table(heads, rows)]
    return "\n".join(parts)


def _route(path: str, route: dict[str, Any]) -> tuple[str, ...]:
    said = route.get("description") or route.get("summary", "")
    named = [p["name"] for p in route.get("parameters", ()) if p["in"] != "path"]
    scopes = [
        scope for each in route.get("security", ()) for names in each.values() for scope in names
    ]
    usual = {str(status) for status in (*EVERYWHERE, *WITH_BODY)}
    own = sorted(set(route["responses"]) - usual)
    return f"`{path}`", said.partition("\n\n")[0], codes(named), codes(scopes), codes(own)


def openapi() -> dict[str, Any]:
    """The document of a service that nobody asks anything."""
    with TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home)))
        return asyncio.run(_document(app))


async def _document(app: FastAPI) -> dict[str, Any]:
    async with app.router.lifespan_context(app):
        return app.openapi()


def cli_page() -> str:
    """Every command of the program."""
    from tocsin.cli import main

    parts = [words.CLI]
    parts += _commands(click.Context(main, info_name="tocsin"), main)
    return "\n".join(parts)


def _commands(context: click.Context, command: click.Command) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    help_text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    yield f"## {context.command_path}\n"
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield f"{help_text}\n"
    rows = [
        (codes([*each.opts, *each.secondary_opts]), cell(each.help or ""))
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
    ]
    yield table(("Option", "Meaning"), rows)
    if command.epilog:
        yield f"{command.epilog}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(click.Context(inner, info_name=name, parent=context), inner)
