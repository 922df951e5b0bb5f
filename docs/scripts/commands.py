"""The command reference as Markdown, from the commands themselves."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from paretosr.cli.app import app


def commands_page() -> str:
    """Return the options before a command, and a section for each command."""
    root: Any = typer.main.get_command(app)
    before = _table("option before the command", [_row(one) for one in root.params])
    with root.make_context("paretosr", [], resilient_parsing=True) as context:
        sections = [_section(name, command, context) for name, command in _commands(root)]
    return "\n\n".join([before, *sections])


def _commands(root: Any) -> list[tuple[str, Any]]:
    return [(name, command) for name, command in root.commands.items() if not command.hidden]


def _section(name: str, command: Any, parent: Any) -> str:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        usage = command.get_usage(context).removeprefix("Usage: ")
        arguments = [_row(one) for one in command.params if _is_shown(one)]
    parts = [f"## {name} {{ #{name} }}", f"```text\n{' '.join(usage.split())}\n```"]
    parts += _paragraphs(command.help or "")
    if arguments:
        parts.append(_table("argument or option", arguments))
    return "\n\n".join(parts)


def _table(heading: str, rows: list[str]) -> str:
    return "\n".join([f"| {heading} | meaning |", "|---|---|", *rows])


def _is_shown(parameter: Any) -> bool:
    return parameter.name != "help" and not getattr(parameter, "hidden", False)


def _row(parameter: Any) -> str:
    names = parameter.opts if parameter.param_type_name == "option" else []
    metavar = parameter.metavar or parameter.name.upper()
    is_flag = getattr(parameter, "is_flag", False)
    spelled = ", ".join(names) + ("" if is_flag else f" {metavar}")
    meaning = " ".join((parameter.help or "").split())
    if names and not is_flag and parameter.default is not None and "[default" not in meaning:
        shown = parameter.show_default
        default = shown if isinstance(shown, str) else _plain(parameter.default)
        meaning = f"{meaning} [default: {default}]"
    if names and parameter.required:
        meaning = f"{meaning} [required]"
    return f"| `{_cell(spelled.strip())}` | {_cell(meaning)} |"


def _plain(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _paragraphs(text: str) -> Iterator[str]:
    r"""Yield the paragraphs of a help text; one that begins with `\b` keeps its lines."""
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if lines[0].strip() != "\b":
            yield " ".join(block.split())
            continue
        title, *rest = lines[1:]
        yield title.strip() if title.strip().endswith(":") else f"{title.strip()}:"
        yield "```text\n" + "\n".join(line.removeprefix("  ") for line in rest) + "\n```"
