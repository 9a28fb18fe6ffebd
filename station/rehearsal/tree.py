"""A YAML text as a tree of texts that know their line: what a text means is told by the field it stands in.

So `10:00`, `no` and `1e3` never turn into numbers or truth values behind the author's back. Aliases, tags
and deep nesting are refused: a scenario needs none, and they are how a small file becomes a large one.
"""

from collections.abc import Collection, Iterator
from typing import Any, NoReturn

import yaml

MAX_TEXT = 1 << 20  # characters of a scenario; long curves stand in CSV files
MAX_DEPTH = 12
_NULLS = ("", "~", "null")


class ScenarioError(ValueError):
    """The scenario cannot be read; the text names file, line, field and what is allowed."""


class Node:
    """A text, None, a list of nodes or a map {text: node}; `path` names the field for error messages."""

    __slots__ = ("file", "line", "path", "value")

    def __init__(self, value: Any, file: str, line: int, path: str) -> None:
        self.value = value
        self.file = file
        self.line = line
        self.path = path

    def fail(self, why: str) -> NoReturn:
        raise ScenarioError(f"{self.file}:{self.line}: {self.path or 'scenario'}: {why}")

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.fail(f"{_kind(self.value)} where a text or number is wanted")
        return self.value

    def items(self) -> list["Node"]:
        if not isinstance(self.value, list):
            self.fail(f"{_kind(self.value)} where a list is wanted")
        return self.value

    def entries(self) -> dict[str, "Node"]:
        if not isinstance(self.value, dict):
            self.fail(f"{_kind(self.value)} where fields are wanted")
        return self.value

    def fields(self, allowed: Collection[str], needed: Collection[str] = ()) -> dict[str, "Node"]:
        """The entries, when all of them are `allowed` and every `needed` one is there."""
        found = self.entries()
        for name, node in found.items():
            if name not in allowed:
                node.fail(f"no such field; allowed: {', '.join(allowed)}")
        for name in needed:
            if name not in found:
                self.fail(f"{name} is missing; needed: {', '.join(needed)}")
        return found

    def word(self, allowed: Collection[str]) -> str:
        if self.text() not in allowed:
            self.fail(f"{self.value!r} is not one of: {', '.join(allowed)}")
        return self.value


def _kind(value: Any) -> str:
    return {type(None): "nothing", str: "a text", list: "a list", dict: "fields"}[type(value)]


class _Loader(yaml.SafeLoader):
    """Composes only: no Python value is ever made by YAML's own rules."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=_mark(self))
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deep", problem_mark=_mark(self))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _mark(loader: _Loader) -> Any:
    event = loader.peek_event()
    if event is None:
        raise yaml.YAMLError("the text ends too early")
    return event.start_mark


def read(text: str, file: str) -> Node:
    """The tree of one YAML document. ScenarioError for everything that is not one."""
    if len(text) > MAX_TEXT:
        raise ScenarioError(f"{file}: longer than {MAX_TEXT} characters")
    try:
        loader = _Loader(text)  # refuses characters that no YAML text may hold
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ScenarioError(f"{file}{line}: {_first_line(error)}") from error
    except (ValueError, OverflowError) as error:  # escapes and version numbers beyond what PyYAML checks
        raise ScenarioError(f"{file}: {_first_line(error)}") from error
    if root is None:
        raise ScenarioError(f"{file}: empty")
    return _node(root, file, "")


def _first_line(error: Exception) -> str:
    lines = (getattr(error, "problem", None) or str(error) or "not YAML").splitlines()
    return lines[0]


def _node(raw: Any, file: str, path: str) -> Node:
    line = raw.start_mark.line + 1
    node = Node(None, file, line, path)
    if not raw.tag.startswith("tag:yaml.org,2002:") or raw.tag.startswith("tag:yaml.org,2002:python"):
        node.fail("tags are not read")
    if isinstance(raw, yaml.ScalarNode):
        node.value = None if raw.style is None and raw.value in _NULLS else _speakable(node, raw.value)
    elif isinstance(raw, yaml.SequenceNode):
        node.value = [_node(item, file, f"{path}[{at}]") for at, item in enumerate(raw.value, 1)]
    else:
        node.value = dict(_entries(raw, node))
    return node


def _entries(raw: Any, parent: Node) -> Iterator[tuple[str, Node]]:
    seen = set()
    for key, value in raw.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name is None or name in seen:
            Node(None, parent.file, key.start_mark.line + 1, parent.path).fail(
                "the name of a field is a plain text" if name is None else f"{name} stands here twice"
            )
        seen.add(_speakable(parent, name))
        yield name, _node(value, parent.file, f"{parent.path}.{name}" if parent.path else name)


def _speakable(node: Node, text: str) -> str:
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        node.fail("half of a surrogate pair")
    return text
