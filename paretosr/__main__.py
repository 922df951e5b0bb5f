"""The entry point, `paretosr` or `python -m paretosr`: the packages behind it must be our own."""

import sys
from importlib.util import find_spec
from pathlib import Path

# A folder of the user's may well hold files of these names.
PACKAGES = (
    "foundation", "imaging", "blocks", "training", "profilers", "compressors", "upscaling",
    "search", "reports",
)  # fmt: skip
_ROOT = Path(__file__).resolve().parents[1]
_BAD_INPUT = 2


def main() -> None:
    """Run the command that the arguments name, unless it would run on the user's own modules."""
    for name in PACKAGES:
        foreign = _foreign(name)
        if foreign is not None:
            sys.stderr.write(
                f"paretosr: {foreign} stands in for paretosr's own package '{name}'; rename it, or "
                "take its folder out of PYTHONPATH\n"
            )
            sys.exit(_BAD_INPUT)
    from paretosr.cli.app import run

    sys.exit(run(sys.argv[1:]))


def _foreign(name: str) -> Path | None:
    """Return the file or folder that is imported as `name`, if it is not ours."""
    spec = find_spec(name)
    if spec is None:
        return None
    # A folder without __init__.py has no origin.
    found = Path(spec.origin or next(iter(spec.submodule_search_locations or ())))
    return None if found.resolve().is_relative_to(_ROOT / name) else found


if __name__ == "__main__":
    # `python -m` puts the current folder before everything else. It goes behind our own, whose
    # folder an editable install does not name at all.
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != _ROOT:
        current = sys.path.pop(0)
        sys.path += [str(_ROOT), current]
    main()
