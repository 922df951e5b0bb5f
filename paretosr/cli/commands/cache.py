"""`paretosr cache`: the int8 programs that are kept."""

from typing import Annotated

import typer

from paretosr.cli.options import JsonOption


def cache(
    empty: Annotated[
        bool, typer.Option("--empty", help="Remove all of them; they are made anew when needed.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show where the int8 programs are kept that were made on the way, and how many they are.

    A MODEL that is not quantised is quantised first where its target has precision=int8, and kept.
    Beyond the limit those unused for longest are removed.

    \b
    Examples:
      paretosr cache
      paretosr cache --empty
    """
    import paretosr
    from paretosr.cli.output import write_result

    write_result(paretosr.cache(empty=empty), as_json=json)
