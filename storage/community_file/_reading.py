"""Read YAML with its places: every value knows its line, column and path, so every complaint can name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

BYTES_MAX = 5_000_000
PROBLEMS_MAX = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """Be one mistake: where it stands and what is wrong."""

    line: int
    column: int
    path: str
    message: str


class FileError(Exception):
    """Say everything that is wrong with a file, one line per mistake: `file, line 14, members[3].category: ...`."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda each: (each.line, each.column)))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> Iterator[str]:
        """Give one line per mistake, at most twenty."""
        for each in self.problems[:PROBLEMS_MAX]:
            place = f"{self.name}, line {each.line}, column {each.column}" if each.line else self.name
            yield f"{place}, {each.path}: {each.message}" if each.path else f"{place}: {each.message}"
        if len(self.problems) > PROBLEMS_MAX:
            yield f"{self.name}: and {len(self.problems) - PROBLEMS_MAX} more mistakes"


class Value:
    """Be one YAML node with its path; complaints are gathered, so that a person sees all of them at once."""

    def __init__(self, node: yaml.Node, path: str, problems: list[Problem]) -> None:
        self.node, self.path, self._problems = node, path, problems

    def complain(self, message: str) -> None:
        """Note a mistake at this place."""
        mark = self.node.start_mark
        self._problems.append(Problem(mark.line + 1, mark.column + 1, self.path, message))

    def inside(self, node: yaml.Node, step: str) -> Value:
        """Give a value below this one."""
        joint = "" if step.startswith("[") or not self.path else "."
        return Value(node, f"{self.path}{joint}{step}", self._problems)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is written here."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag.endswith(":null")

    @property
    def listed(self) -> bool:
        """Tell whether a list is written here."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def named(self) -> bool:
        """Tell whether a block of fields is written here."""
        return isinstance(self.node, yaml.MappingNode)

    def text(self, most: int = 500) -> str:
        """Give a scalar as it is written (`NO` stays `NO`); control characters and over-long texts are mistakes."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.complain("one value is expected here, not a list or a block")
            return ""
        value = "" if self.empty else str(self.node.value).strip()
        if len(value) > most:
            self.complain(f"{len(value)} characters, at most {most} are possible")
        if not all(each.isprintable() or each == "\n" for each in value):
            self.complain("contains characters that cannot be shown")
        return value

    def choice(self, known: Sequence[str]) -> str:
        """Give a scalar that must be one of a few words."""
        value = self.text()
        if value and value not in known:
            self.complain(f'"{value}" is not known; known: {", ".join(known)}')
        return value

    def flag(self) -> bool:
        """Give yes or no."""
        value = self.text().lower()
        if value not in ("true", "false", "yes", "no"):
            self.complain(f'"{value}" is neither true nor false')
        return value in ("true", "yes")

    def number(self, least: int, most: int) -> int:
        """Give a whole number within limits."""
        written = self.text()
        if not re.fullmatch(r"\d{1,9}", written) or not least <= int(written) <= most:
            self.complain(f'"{written}" is no whole number from {least} to {most}')
            return least
        return int(written)

    def plain(self) -> Any:
        """Give what is written here as JSON knows it: texts, numbers, yes or no, lists and blocks; dates stay texts."""
        node = self.node
        if isinstance(node, yaml.MappingNode):
            return {
                str(key.value): self.inside(each, str(key.value)).plain()
                for key, each in node.value
                if isinstance(key, yaml.ScalarNode)
            }
        if isinstance(node, yaml.SequenceNode):
            return [self.inside(each, f"[{index}]").plain() for index, each in enumerate(node.value)]
        if self.empty:
            return None
        if node.tag.endswith((":int", ":float", ":bool")):
            return yaml.safe_load(str(node.value))
        return self.text()

    def mapping(self) -> dict[str, Any]:
        """Give a block of named fields as it is written."""
        if not isinstance(self.node, yaml.MappingNode):
            self.complain("named fields are expected here")
            return {}
        found: dict[str, Any] = self.plain()
        return found

    def items(self) -> list[Value]:
        """Give the entries of a list."""
        if self.empty:
            return []
        if not isinstance(self.node, yaml.SequenceNode):
            self.complain("a list is expected here")
            return []
        return [self.inside(each, f"[{index}]") for index, each in enumerate(self.node.value)]

    def block(self) -> Block:
        """Give a block of named fields."""
        return Block(self)

    def read(self, reader: Callable[[str], T]) -> T | None:
        """Read a scalar with a function that raises `ValueError` with the complaint."""
        try:
            return reader(self.text())
        except ValueError as error:
            self.complain(str(error))
            return None


class Block:
    """Be named fields; a field nobody asked for is a mistake, told by `finish`."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self._fields: dict[str, Value] = {}
        self._asked: list[str] = []
        if value.empty:
            return
        if not isinstance(value.node, yaml.MappingNode):
            value.complain("named fields are expected here")
            return
        for key_node, node in value.node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in self._fields:
                value.inside(key_node, key).complain("stands twice")
            self._fields[key] = value.inside(node, key)

    def __contains__(self, name: str) -> bool:
        return name in self._fields and not self._fields[name].empty

    def names(self) -> list[str]:
        """Give the names of all fields, for blocks whose names are free; they count as asked for."""
        self._asked += self._fields
        return list(self._fields)

    def field(self, name: str, *, required: bool = False) -> Value | None:
        """Give a field, None if it is not there."""
        self._asked.append(name)
        if name in self:
            return self._fields[name]
        if required:
            self.value.complain(f"the field `{name}` is missing")
        return None

    def text(self, name: str, default: str = "", *, most: int = 500, required: bool = False) -> str:
        """Give a text field."""
        found = self.field(name, required=required)
        written = found.text(most) if found else default
        if found and required and not written:
            found.complain("must not be empty")
        return written

    def choice(self, name: str, known: Sequence[str], default: str = "", *, required: bool = False) -> str:
        """Give a field that must be one of a few words."""
        found = self.field(name, required=required)
        return found.choice(known) if found else default

    def flag(self, name: str, default: bool = False) -> bool:
        """Give a yes-or-no field."""
        found = self.field(name)
        return found.flag() if found else default

    def items(self, name: str) -> list[Value]:
        """Give the entries of a list field."""
        found = self.field(name)
        return found.items() if found else []

    def texts(self, name: str, most: int = 500) -> tuple[str, ...]:
        """Give a list of texts."""
        return tuple(each.text(most) for each in self.items(name))

    def finish(self) -> None:
        """Complain about fields nobody asked for."""
        known = sorted(set(self._asked))
        for name, value in self._fields.items():
            if name not in known:
                value.complain(f"this field is not known; known here: {', '.join(known)}")


def open_file(path: Path) -> tuple[Value, list[Problem]]:
    """Open a YAML file; give its root and the list that gathers complaints. Raise `FileError` if it is no YAML."""
    name = path.name

    def fail(message: str, line: int = 0, column: int = 0) -> FileError:
        return FileError(name, [Problem(line, column, "", message)])

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise fail(f"cannot be read: {error.strerror or error}") from None
    if len(raw) > BYTES_MAX:
        raise fail(f"{len(raw)} bytes are too many for a community file (at most {BYTES_MAX})")
    try:
        node = yaml.compose(raw.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise fail("is not UTF-8 text", raw[: error.start].count(b"\n") + 1, 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "is not YAML"
        raise fail(f"is not YAML: {said}", mark.line + 1 if mark else 0, mark.column + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise fail(f"is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise fail("is nested too deeply") from None
    problems: list[Problem] = []
    if node is None:
        raise fail("is empty")
    return Value(node, "", problems), problems
