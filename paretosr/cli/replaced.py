"""Options of earlier versions: each answers with the spelling that took its place."""

from typing import Any

import typer


def replaced(spelling: str, *names: str) -> Any:
    """A hidden option that is refused in favour of `spelling`, where {value} is what was given.

    It is called as its parameter is, unless it has other `names`.
    """

    def refuse(parameter: typer.CallbackParam, value: object) -> None:
        if value is None or value is False:
            return
        given = parameter.opts[0] if value is True else f"{parameter.opts[0]} {value}"
        raise ValueError(f"{given} is now {spelling.format(value=value)}")

    return typer.Option(*names, hidden=True, callback=refuse)
