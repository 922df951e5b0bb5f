"""A document as one HTML file that holds everything it shows and asks for nothing."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PLOTLY = "plotly-basic.min.js"
"""The bundle of scatter and bar charts; its licence lies beside it, its version inside."""

Keys = str | int | Sequence[str | int]
"""A key of the document, or several that lead further and further in."""

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""In a script element only these could end it, or begin another; JSON may hold any as an escape."""


def render(
    template: str,
    document: Mapping[str, object],
    *,
    scripts: Sequence[str],
    data: Mapping[str, object],
    helpers: Mapping[str, object],
) -> str:
    """The page of a template.

    `scripts` are assets, run in this order after those of all pages; they find `data` in the
    element of this id. The template gets `document`, `helpers`, and the functions of
    `number_writer` and `text_writer`. Whatever comes from data is escaped, and a policy in the page
    lets a browser run these scripts alone and load nothing.
    """
    sources = [asset(name) for name in scripts]
    environment = Environment(
        loader=PackageLoader("reports.page", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        document=document,
        policy=_policy(sources),
        style=Markup(asset("page.css")),
        scripts=[Markup(source) for source in sources],
        data=Markup(script_json(data)),
        number=number_writer(document),
        text=text_writer(document),
        **helpers,
    )


def script_json(value: object) -> str:
    """JSON that may stand in a script element, whatever texts are in it.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character, written in _UNSAFE.items():
        text = text.replace(character, written)
    return text


def number_writer(document: Mapping[str, object]) -> Callable[..., Markup]:
    """Return what writes a number of the document, so that the page says which one it is.

    It takes a format, the keys that lead to the number, several of them as a sequence perhaps, and
    by what the number is divided.
    """

    def number(form: str, *path: Keys, divisor: float = 1.0) -> Markup:
        keys = _flat(path)
        value = _at(document, keys)
        assert isinstance(value, int | float)
        shown = form.format(value if divisor == 1.0 else value / divisor)
        return Markup('<data value="{}" data-path="{}" data-divisor="{}">{}</data>').format(
            json.dumps(value), json.dumps(keys), divisor, shown
        )

    return number


def text_writer(document: Mapping[str, object]) -> Callable[..., Markup]:
    """Return what writes a text of the document, so that the page says which one it is."""

    def text(*path: Keys) -> Markup:
        keys = _flat(path)
        return Markup('<span data-path="{}">{}</span>').format(
            json.dumps(keys), breakable(str(_at(document, keys)))
        )

    return text


def breakable(text: str) -> Markup:
    """The text, which may be broken where a comma joins words, as in the names of targets."""
    return Markup(",<wbr>").join(re.split(r",(?=[A-Za-z])", text))


@cache
def asset(name: str) -> str:
    """A file of this package."""
    return (resources.files("reports.page") / "assets" / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    digests = [b64encode(hashlib.sha256(it.encode()).digest()).decode() for it in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )


def _flat(path: Sequence[Keys]) -> list[str | int]:
    flat: list[str | int] = []
    for part in path:
        flat += [part] if isinstance(part, str | int) else part
    return flat


def _at(document: object, path: Sequence[str | int]) -> object:
    found = document
    for key in path:
        assert isinstance(found, Mapping | Sequence)
        found = found[key]  # type: ignore[index]
    return found
