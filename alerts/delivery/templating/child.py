# SPDX-License-Identifier: MIT
"""Renders a team's template. A program of its own: started with no environment, capped in CPU, memory, files and output.

Standard input: {"channel", "parts": {name: template}, "contexts": [values], "cpu_s"}; standard output: one JSON list with, for
each context, {"parts": {name: text}} or {"error": {"part", "line", "code", "message"}}. It loads no module of the product
but `inert`, so that it starts quickly and holds nothing worth stealing.
"""

import importlib.util
import json
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

MAX_MEMORY_BYTES = 400_000_000
MAX_OUTPUT_BYTES = 32_000_000
MAX_PART_CHARS = 100_000  # of what a part may render to


def _inert() -> Any:
    spec = importlib.util.spec_from_file_location("inert", Path(__file__).parents[1] / "inert.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


inert = _inert()


class Ready(str):
    """Text that was made inert already: a link."""

    __slots__ = ()


def html_link(url: str, label: str) -> Markup:
    address = inert.safe_url(url)
    return Markup('<a href="{}">{}</a>').format(address, label) if address else Markup("{}").format(label)


def plain_link(url: str, label: str) -> str:
    return f"{label} ({inert.safe_url(url)})" if inert.safe_url(url) else label


class Sandbox(ImmutableSandboxedEnvironment):
    """Names in a value are its keys, never its methods: `story.update` says whether it is one."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute) if isinstance(obj, dict) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)


def environment(channel: str, part: str) -> jinja2.Environment:
    """Every value is made inert for its channel when it is put out, whatever filters it went through."""
    escapes = {"slack": inert.slack_words, "teams": inert.teams_text}
    escape = inert.one_line if part in {"subject", "title", "text"} else escapes.get(channel, inert.one_line)
    links = {"slack": inert.slack_link, "teams": inert.teams_link}
    link = html_link if part == "html" else links[channel] if part == "body" else plain_link

    def out(value: Any) -> Any:
        return value if isinstance(value, Ready | Markup | jinja2.Undefined) else escape(str(value))

    made = Sandbox(
        undefined=jinja2.StrictUndefined, autoescape=part == "html", finalize=out, trim_blocks=True, lstrip_blocks=True
    )
    kept = ("capitalize", "count", "default", "first", "join", "last", "length", "lower", "title", "trim", "upper")
    made.filters = {name: made.filters[name] for name in kept}
    made.filters["cut"] = lambda value, limit: inert.cut(str(value), max(1, min(int(limit), 3000)))
    made.filters["link"] = lambda url, label="": (Markup if part == "html" else Ready)(link(str(url), str(label)))
    made.globals = {}
    return made


def render(template: jinja2.Template, values: dict[str, Any]) -> str:
    pieces, size = [], 0
    for piece in template.generate(values):
        size += len(piece)
        if size > MAX_PART_CHARS:
            raise OverflowError(f"the part came to more than {MAX_PART_CHARS:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def one(templates: dict[str, jinja2.Template], values: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for part, template in templates.items():
        try:
            made[part] = render(template, values)
        except Exception as exc:  # noqa: BLE001 - whatever a template does is told to its owner
            return {"error": {"part": part, "line": _line(exc), "code": _code(exc), "message": str(exc)[:300]}}
    return {"parts": made}


def _code(exc: Exception) -> str:
    if isinstance(exc, jinja2.UndefinedError):
        return "undefined_value"
    return (
        "output_limit"
        if isinstance(exc, OverflowError)
        else "memory_limit"
        if isinstance(exc, MemoryError)
        else "render_failed"
    )


def _line(exc: Exception) -> int:
    """Line of the template in which it happened."""
    frames = [f.lineno or 1 for f in traceback.extract_tb(exc.__traceback__) if f.filename == "<template>"]
    return frames[-1] if frames else 1


def main() -> None:
    given = json.loads(sys.stdin.read())
    cpu = int(given["cpu_s"])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    templates = {part: environment(given["channel"], part).from_string(text) for part, text in given["parts"].items()}
    sys.stdout.write(json.dumps([one(templates, values) for values in given["contexts"]]))


if __name__ == "__main__":
    main()
