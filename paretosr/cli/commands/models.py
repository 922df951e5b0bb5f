"""`paretosr models`: the networks of the catalogue."""

from paretosr.cli.options import JsonOption


def models(json: JsonOption = False) -> None:
    """List the published networks and their size.

    MACs are the multiply-adds of convolutions, linear layers and matrix products for an
    output of 1280x720 on the costliest path (every expert counts), each computed once. The
    published number follows its paper's own convention; --json adds that convention and the
    source.

    \b
    Examples:
      paretosr models
      paretosr models --json
    """
    from paretosr import catalogue
    from paretosr.cli.output import write_json, write_result

    found = catalogue()
    if json:
        write_json(found.to_dict()["models"])
    else:
        write_result(found, as_json=False)
