"""The program that starts on another machine and reads this package from standard input.

It is written for any Python 3, so that a version that is too old can be reported.

Arguments: bytes and SHA-256 of the package's archive, the modules it needs, the settings.
"""

import sys

# The working directory, where any file may have the name of a module.
sys.path[:] = filter(None, sys.path)

import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402


def main() -> None:
    size_bytes, sha256, modules, settings = sys.argv[1:]
    content = sys.stdin.buffer.read(int(size_bytes))
    error = _missing(modules.split(","))
    if error:
        sys.stdout.write(json.dumps({"type": "Failure", "reason": error}) + "\n")
        return
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(cache, "paretosr")
    os.makedirs(folder, exist_ok=True)
    archive = os.path.join(folder, sha256 + ".pyz")
    part = "%s.%d.part" % (archive, os.getpid())  # noqa: UP031
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, archive)
    sys.path.insert(0, archive)
    importlib.import_module("profilers.agent.runner").main(folder, settings)


def _missing(modules: "list[str]") -> "str | None":
    if sys.version_info < (3, 11):  # noqa: UP036
        return "it must have Python 3.11 or later as python3, got " + sys.version.split()[0]
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            reason = " ".join(str(error).split())
            remedy = "python3 -m pip install " + " ".join(modules)
            return "cannot import %s (%s); run there: %s" % (module, reason, remedy)  # noqa: UP031
    return None


if __name__ == "__main__":
    main()
