# SPDX-License-Identifier: MIT
"""Is a team's template sound: an allow-list of what it may hold, its variables, and the links it must have. Pure.

Nothing is called, set, imported or multiplied in a template: it names values, tests them, loops over lists (two deep), and
passes them through a few filters. That is all a message needs, and it leaves nothing to make run away.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.model import ChannelKind

PARTS: dict[ChannelKind, tuple[str, ...]] = {
    ChannelKind.EMAIL: ("subject", "html", "text"),
    ChannelKind.SLACK: ("title", "body"),
    ChannelKind.TEAMS: ("title", "body"),
}
DIGEST = "digest_"  # before the name of a part of a digest
DIGEST_PARTS = {channel: tuple(DIGEST + part for part in parts) for channel, parts in PARTS.items()}
MAX_PART_CHARS = 20_000
MAX_LOOPS = 2
FILTERS = frozenset(
    {
        "capitalize",
        "count",
        "cut",
        "default",
        "first",
        "join",
        "last",
        "length",
        "link",
        "lower",
        "title",
        "trim",
        "upper",
    }
)
TESTS = frozenset({"defined", "undefined", "none", "even", "odd", "in", "true", "false"})
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice,
    nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.Concat, nodes.List, nodes.Tuple,
)  # fmt: skip
_NAMES = {
    nodes.Call: "a call", nodes.CallBlock: "a call", nodes.Macro: "a macro", nodes.Assign: "set", nodes.AssignBlock: "set",
    nodes.Mul: "*", nodes.Pow: "**", nodes.Mod: "%", nodes.Include: "include", nodes.Import: "import",
    nodes.FromImport: "import", nodes.Extends: "extends", nodes.Block: "a block", nodes.FilterBlock: "a filter block",
    nodes.EvalContextModifier: "autoescape", nodes.ScopedEvalContextModifier: "autoescape", nodes.With: "with",
}  # fmt: skip


class Fault(NamedTuple):
    """One fault of a template: in which part and line, a stable code, and what to do."""

    part: str
    line: int
    code: str
    message: str


def parts_of(source: Mapping[str, str], *, digest: bool) -> dict[str, str]:
    """The parts that make an alert, or a digest, by their plain names; empty where the team leaves that to Oncowire."""
    told = {name.removeprefix(DIGEST): text for name, text in source.items() if name.startswith(DIGEST) is digest}
    return told if any(text.strip() for text in told.values()) else {}


def lint(channel: ChannelKind, source: Mapping[str, str], known: Mapping[str, Any]) -> list[Fault]:
    """All faults that can be seen without rendering, of the parts of an alert or of a digest (see `parts_of`).

    `known`: sample values, from which the variables are known.
    """
    wanted = PARTS[channel]
    found = [Fault(p, 1, "unknown_part", f"there are {', '.join(wanted)}") for p in source if p not in wanted]
    for part in wanted:
        text = source.get(part, "")
        if not text.strip():
            found.append(Fault(part, 1, "missing_part", "this part is empty"))
        elif len(text) > MAX_PART_CHARS:
            found.append(Fault(part, 1, "too_long", f"a part has at most {MAX_PART_CHARS:,} characters"))
        else:
            found += _part(part, text, known)
    return sorted(found)


def _part(part: str, text: str, known: Mapping[str, Any]) -> list[Fault]:
    try:
        tree = ImmutableSandboxedEnvironment().parse(text)
    except TemplateSyntaxError as exc:
        return [Fault(part, exc.lineno, "template_syntax", str(exc.message))]
    except RecursionError:
        return [Fault(part, 1, "template_syntax", "nested too deeply")]
    found = [Fault(part, line, code, why) for line, code, why in _Walk().all(tree, known)]
    if part in {"html", "text"} and not _mentions_unsubscribe(tree):
        found.append(Fault(part, 1, "unsubscribe_missing", "a mail must hold {{ links.unsubscribe }}"))
    return found


def _mentions_unsubscribe(tree: nodes.Template) -> bool:
    named = (n.node for n in tree.find_all(nodes.Getattr) if n.attr == "unsubscribe")
    return any(isinstance(n, nodes.Name) and n.name == "links" for n in named)


_Found = Iterator[tuple[int, str, str]]
_UNSEEN = object()  # a value whose shape is not known


class _Walk:
    """Goes through a template with the shape of every variable in hand."""

    def all(self, tree: nodes.Template, known: Mapping[str, Any]) -> _Found:
        for child in tree.body:
            yield from self._node(child, dict(known), 0)

    def _node(self, node: nodes.Node, scope: dict[str, Any], loops: int) -> _Found:
        refusal = _refused(node)
        if refusal:
            yield node.lineno or 1, *refusal  # a node that jinja2 made itself has none
            return
        if isinstance(node, nodes.For):
            yield from self._loop(node, scope, loops)
            return
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            shape = self._shape(node, scope)
            if isinstance(shape, str) and shape.startswith("?"):
                yield (
                    node.lineno,
                    "unknown_variable",
                    f"{shape[1:]!r} is no variable here; docs/templates.md lists them",
                )
                return
        for child in node.iter_child_nodes():
            yield from self._node(child, scope, loops)

    def _loop(self, node: nodes.For, scope: dict[str, Any], loops: int) -> _Found:
        if loops + 1 > MAX_LOOPS or node.recursive:
            yield node.lineno, "loop_depth", f"loops are at most {MAX_LOOPS} deep"
            return
        if not isinstance(node.target, nodes.Name):
            yield node.lineno, "forbidden", "a loop has one name: {% for fact in facts %}"
            return
        yield from self._node(node.iter, scope, loops)
        listed = self._shape(node.iter, scope)
        inner = scope | {
            node.target.name: listed[0] if isinstance(listed, list) and listed else _UNSEEN,
            "loop": {"first": True, "last": True, "index": 1, "index0": 0, "length": 1},
        }
        for child in (*node.body, *([node.test] if node.test else [])):
            yield from self._node(child, inner, loops + 1)
        for child in node.else_:
            yield from self._node(child, scope, loops)

    def _shape(self, node: nodes.Node, scope: dict[str, Any]) -> Any:
        """The sample value of an expression; "?name" if there is no such variable."""
        if isinstance(node, nodes.Name):
            return scope.get(node.name, f"?{node.name}")
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            return self._shape(node.node, scope)
        key = node.attr if isinstance(node, nodes.Getattr) else _constant(node)
        if key is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
            return _UNSEEN
        inside = self._shape(node.node, scope)
        if isinstance(inside, dict):
            return inside.get(key, f"?{_name(node)}")
        if isinstance(inside, list) and isinstance(key, int):
            return inside[0] if inside else _UNSEEN
        return f"?{_name(node)}" if isinstance(inside, str | bool | int | list) and isinstance(key, str) else _UNSEEN


def _refused(node: nodes.Node) -> tuple[str, str] | None:
    if not isinstance(node, _NODES):
        return "forbidden", f"{_NAMES.get(type(node), type(node).__name__.lower())} is not allowed in a template"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return "unknown_filter", f"{node.name!r} is no filter here; there are {', '.join(sorted(FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return "unknown_test", f"{node.name!r} is no test here; there are {', '.join(sorted(TESTS))}"
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        return "forbidden", "a name that begins with _ is not allowed"
    return None


def _constant(node: nodes.Node) -> Any:
    return node.arg.value if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) else None


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_name(node.node)}.{node.attr}"
    return f"{_name(node.node)}[…]" if isinstance(node, nodes.Getitem) else "…"
