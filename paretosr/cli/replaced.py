"""Options of earlier versions: each answers with the spelling that took its place."""

from typing import Any

import typer


def replaced(spelling: str) -> Any:
    """A hidden option that is refused in favour of `spelling`, where {value} is what was given."""

    def refuse(parameter: typer.CallbackParam, value: object) -> None:
        if value is None or value is False:
            return
        given = parameter.opts[0] if value is True else f"{parameter.opts[0]} {value}"
        raise ValueError(f"{given} is now {spelling.format(value=value)}")

    return typer.Option(hidden=True, callback=refuse)
