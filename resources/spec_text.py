"""Edits a YAML text so that it says something else, and leaves every other byte as it is.

The parser's marks say where each value stands; only what differs is cut out and written anew. The result is
parsed again: where it does not say exactly what was meant, nothing is written and SpecError says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import yaml

from agents.core.errors import SpecError
from resources.spec_merge import plain, same

Splice = tuple[int, int, str]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NEW_STEP = 2
# Numbers of YAML 1.2 that 1.1, which writes here, takes for texts.
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+")


class _Dumper(yaml.SafeDumper):
    """Block style with indented lists; a text of several lines is written as one."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def load(text: str, where: str) -> dict[str, Any]:
    """The text's one document as plain values. Raises SpecError with the line."""
    try:
        data = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "not YAML"
        raise SpecError(f"cannot be read: {what}", where=f"{where}{line}", fix="correct the file") from error
    if not isinstance(data, dict):
        raise SpecError("expected `type:` and `attributes:`", where=where)
    return cast(dict[str, Any], plain(data))


def dump(value: Mapping[str, Any]) -> str:
    """A new file's text."""
    return _dump(dict(value)) + "\n"


def edit(text: str, expected: Mapping[str, Any], key: Callable[[Any], object], where: str) -> str:
    """The text changed to say `expected`; `key` names list items that stay the same item when they change."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    body = text.replace("\r\n", "\n")
    mark = "\ufeff" if body.startswith("\ufeff") else ""
    body = body.removeprefix(mark)
    if not body.endswith("\n"):
        body += "\n"
    old = load(body, where)
    splices: list[Splice] = []
    _Editor(body, key, splices).value(yaml.compose(body, Loader=_LOADER), old, expected)
    # From the end, so that marks stay true; of two additions at one place the inner one was collected first.
    for start, end, new in reversed(sorted(splices, key=lambda s: (s[0], s[1]))):  # noqa: C413
        body = body[:start] + new + body[end:]
    _check(body, expected, where)
    return mark + (body.replace("\n", line_end) if line_end != "\n" else body)


def _check(body: str, expected: Mapping[str, Any], where: str) -> None:
    """Aliases and the like: an edit here may say something else elsewhere."""
    try:
        right = same(load(body, where), expected)
    except SpecError:
        right = False
    if not right:
        raise SpecError(
            "this file cannot be edited without changing other parts of it",
            where=where,
            fix="write values out in place of anchors, aliases and merge keys",
        )


class _Editor:
    """Walks the parsed nodes beside old and new values and collects the splices."""

    def __init__(self, text: str, key: Callable[[Any], object], splices: list[Splice]) -> None:
        self._text, self._key, self._splices = text, key, splices

    def value(self, node: Any, old: Any, new: Any) -> None:
        """Change what differs inside a collection in block style."""
        if same(old, new):
            return
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, old, new)
        else:
            self._sequence(node, old, new)

    def _mapping(self, node: yaml.MappingNode, old: Any, new: Any) -> None:
        column = node.value[0][0].start_mark.column
        gone = [name for name, _ in node.value if name.value not in new and name.value != "<<"]
        if any(self._before(name).strip() for name in gone):
            # The first field of a list item shares its line with the dash.
            self._splices.append((node.start_mark.index, self._end(node), _shift(_dump(new), column).lstrip(" ")))
            return
        for name, item in node.value:
            if name in gone:
                self._cut(name, max(self._end(item), name.end_mark.index))
            elif name.value in new:
                self._pair(name, item, old.get(name.value), new[name.value])
        known = {name.value for name, _ in node.value}
        added = "".join("\n" + _shift(_dump({k: new[k]}), column) for k in new if k not in known)
        if added:
            at = self._line_end(self._end(node))
            self._splices.append((at, at, added))

    def _pair(self, name: Any, item: Any, old: Any, new: Any) -> None:
        if same(old, new):
            return
        if _editable(item, old, new, self._key):
            self.value(item, old, new)
            return
        if isinstance(item, yaml.CollectionNode) and item.flow_style and item.value and new:
            self._splices.append((item.start_mark.index, self._end(item), _flow(new)))
            return
        start, end, column = name.start_mark.index, max(self._end(item), name.end_mark.index), name.start_mark.column
        if end == name.end_mark.index:
            end = self._text.index(":", end) + 1
        rest = self._text[end : self._line_end(end)].strip()
        written = _shift(_dump({name.value: new}), column).lstrip(" ")
        if "\n" in written and rest.startswith("#"):
            end, written = self._line_end(end), f"{rest}\n{' ' * column}{written}"
        self._splices.append((start, end, written))

    def _sequence(self, node: yaml.SequenceNode, old: Any, new: Any) -> None:
        places = {self._key(item): number for number, item in enumerate(old)}
        wanted = {self._key(item): item for item in new}
        for number, item in enumerate(node.value):
            name = self._key(old[number])
            if name not in wanted:
                self._cut(item, self._end(item))
            elif places[name] == number:
                self._item(item, old[number], wanted[name])
        column = node.start_mark.column
        gap = "\n" * (1 + self._spaced(node))
        added = "".join(gap + _shift(_dump([item]), column) for name, item in wanted.items() if name not in places)
        if added:
            at = self._line_end(self._end(node))
            self._splices.append((at, at, added))

    def _item(self, node: Any, old: Any, new: Any) -> None:
        if same(old, new):
            return
        if node.flow_style:
            self._splices.append((node.start_mark.index, self._end(node), _flow(new)))
        else:
            self.value(node, old, new)

    def _cut(self, first: Any, end: int) -> None:
        """Remove whole lines, a comment at their end included."""
        start = self._text.rindex("\n", 0, first.start_mark.index) + 1 if first.start_mark.line else 0
        self._splices.append((start, self._line_end(end) + 1, ""))

    def _end(self, node: Any) -> int:
        """Where a value's own text ends: the parser counts what follows a block (blank lines, comments) to it."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            if isinstance(last, tuple):
                name, item = cast(tuple[Any, Any], last)
                return max(self._end(item), name.end_mark.index + 1)
            return self._end(last)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return len(self._text[: node.end_mark.index].rstrip())
        return node.end_mark.index

    def _line_end(self, index: int) -> int:
        return self._text.index("\n", index)

    def _before(self, node: Any) -> str:
        return self._text[node.start_mark.index - node.start_mark.column : node.start_mark.index]

    def _spaced(self, node: yaml.SequenceNode) -> bool:
        """Whether people put an empty line between the items here."""
        if len(node.value) < 2:
            return False
        between = self._text[self._end(node.value[-2]) : node.value[-1].start_mark.index]
        return "\n\n" in between


def _editable(node: Any, old: Any, new: Any, key: Callable[[Any], object]) -> bool:
    """Whether a value can be changed from within: a block on both sides, a list only of named items."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not new or not old:
        return False
    if isinstance(node, yaml.MappingNode):
        return isinstance(new, dict)
    items = [*cast(list[Any], old), *cast(list[Any], new)] if isinstance(new, list) else [None]
    return all(isinstance(item, dict) and key(cast(dict[str, Any], item)) is not None for item in items)


def _dump(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31, indent=_NEW_STEP)
    return text.removesuffix("\n")


def _flow(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**31
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _shift(text: str, column: int) -> str:
    """Every line that holds something moved to the right."""
    return "\n".join(" " * column + line if line else line for line in text.split("\n"))
