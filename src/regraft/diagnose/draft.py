"""A script being edited: exact spans of its text are replaced, all else stays as the user wrote it.

Positions come from the syntax tree. Each edit is applied at once and the next reads a new tree,
so that edits build on one another; the original line numbers are followed through all of them.
"""

import ast
from collections.abc import Iterator, Sequence

from regraft.diagnose.evidence import Site
from regraft.diagnose.syntax import (
    argument,
    arguments,
    assigns,
    block_of,
    imported,
    is_future,
    last_name,
)


class UnknownEdit(Exception):
    """No edit is known for this repair in this script. Carries why."""


class Draft:
    """The text of one script, and what of it is where."""

    def __init__(self, source: str, *, script: str) -> None:
        self.text = source
        self.script = script
        self._origins: list[int | None] = [n + 1 for n in range(source.count("\n") + 1)]
        self._parsed_text = ""
        self._parsed = ast.Module([], [])
        self._parents: dict[ast.AST, ast.AST] = {}

    # ---- reading

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the text as it is now."""
        if self._parsed_text != self.text:
            try:
                self._parsed = ast.parse(self.text)
            except SyntaxError as error:
                raise UnknownEdit("not Python that can be read") from error
            self._parsed_text = self.text
            self._parents = {
                child: node
                for node in ast.walk(self._parsed)
                for child in ast.iter_child_nodes(node)
            }
        return self._parsed

    def source(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where the text of a node starts and ends."""
        start = self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node is inside of, innermost first."""
        _ = self.tree  # makes the map of parents current
        while node in self._parents:
            node = self._parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node is part of, or is."""
        for candidate in (node, *self.parents(node)):
            if isinstance(candidate, ast.stmt):
                return candidate
        raise UnknownEdit("no statement there")

    def scope(self, node: ast.AST) -> ast.AST:
        """The function a node is in, or the module."""
        scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)
        return next(parent for parent in self.parents(node) if isinstance(parent, scopes))

    def walk(self, kind: type[ast.AST] = ast.AST) -> Iterator[ast.AST]:
        """Every node of a kind, in the order of the text."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, kind)]
        yield from sorted(
            (node for node in nodes if hasattr(node, "lineno")),
            key=lambda node: (node.lineno, node.col_offset),  # type: ignore[attr-defined]
        )

    def calls(self, *names: str) -> list[ast.Call]:
        """Calls of functions or methods with one of these names, imports renamed seen through."""
        real = self._real_names()
        found = []
        for node in self.walk(ast.Call):
            if isinstance(node, ast.Call):
                name = last_name(node.func)
                if name in names or (
                    isinstance(node.func, ast.Name) and real.get(name, "") in names
                ):
                    found.append(node)
        return found

    def real_name(self, function: ast.expr) -> str:
        """The last part of a function's name as its library knows it."""
        name = last_name(function)
        return self._real_names().get(name, name) if isinstance(function, ast.Name) else name

    def calls_at(self, site: Site | None, *names: str) -> list[ast.Call]:
        """All calls of one of these functions that start at a line of the original script."""
        line = self.line(site)
        return [call for call in self.calls(*names) if call.func.end_lineno == line]

    def call_at(self, site: Site | None, *names: str) -> ast.Call:
        """The call of one of these functions at a line of the original script."""
        line = self.line(site)
        around = [
            call for call in self.calls(*names) if call.lineno <= line <= (call.end_lineno or 0)
        ]
        if not around:
            raise UnknownEdit("no such call at that line")
        # in a chain over several lines a call is where its own name stands
        return min(
            around,
            key=lambda call: (
                call.func.end_lineno != line,
                self.span(call)[1] - self.span(call)[0],
            ),
        )

    def each_at(self, site: Site | None, *names: str) -> Iterator[ast.Call]:
        """As `calls_at`, the last one first: each may be edited before the next is asked for."""
        there = len(self.calls_at(site, *names))
        if not there:
            yield self.call_at(site, *names)
        for number in reversed(range(there)):
            yield self.calls_at(site, *names)[number]

    def line(self, site: Site | None) -> int:
        """Where a line of the original script is now."""
        if site is None or site.file != self.script:
            raise UnknownEdit("the place is not in the script itself")
        try:
            return self._origins.index(site.line) + 1
        except ValueError:
            raise UnknownEdit("that line was already changed") from None

    def original_line(self, node: ast.AST) -> int | None:
        """The line of the original script that a node starts on, None for what was added."""
        return self._origins[node.lineno - 1]  # type: ignore[attr-defined]

    def names(self) -> set[str]:
        """Every name the script uses."""
        return {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}

    def fresh(self, name: str) -> str:
        """A name like this one that the script does not use."""
        used = self.names()
        return next(n for n in (name, *(f"{name}_{k}" for k in range(2, 99))) if n not in used)

    def constant(self, node: ast.expr | None) -> object:
        """The value of an expression made of literals and of names assigned once, at the top.

        Raises:
            UnknownEdit: If it is anything else.
        """
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return tuple(self.constant(element) for element in elements)
            case ast.Name(id=name):
                values = [n.value for n in self.tree.body if assigns(n, name)]
                if len(values) == 1:
                    return self.constant(values[0])
        raise UnknownEdit("a value that is computed")

    # ---- editing

    def snapshot(self) -> tuple[str, list[int | None]]:
        """What `restore` takes to undo every edit from now on."""
        return self.text, list(self._origins)

    def restore(self, snapshot: tuple[str, list[int | None]]) -> None:
        """Undo every edit since the snapshot."""
        self.text, self._origins = snapshot[0], list(snapshot[1])

    def replace(self, node: ast.AST, text: str) -> None:
        """Put other text in a node's place."""
        start, end = self.span(node)
        self._splice(start, end, text)

    def insert_before(self, statement: ast.stmt, *lines: str) -> None:
        """Put lines of code in front of a statement, indented like it."""
        start, indent = self._own_line(statement)
        self._splice(start, start, "".join(f"{indent}{line}\n" for line in lines))

    def insert_after(self, statement: ast.stmt, *lines: str) -> None:
        """Put lines of code behind a statement, indented like it."""
        _, indent = self._own_line(statement)
        end = self.text.find("\n", self.span(statement)[1])
        block = "".join(f"\n{indent}{line}" for line in lines)
        end = len(self.text) if end < 0 else end
        self._splice(end, end, block)

    def delete(self, statement: ast.stmt) -> None:
        """Take a statement away, with its comment."""
        siblings = block_of(statement, next(self.parents(statement)))
        start, end = self.span(statement)
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end + 1
        rest = self.text[end:line_end].strip()
        is_alone = not self.text[line_start:start].strip() and (not rest or rest.startswith("#"))
        if len(siblings) > 1 and is_alone:
            self._splice(line_start, line_end, "")
        else:
            self._splice(start, end, "pass")

    def set_argument(
        self, call: ast.Call, name: str, text: str, *, position: int | None = None
    ) -> None:
        """Give a call this argument: in place of the one it has, or as a new keyword."""
        held = argument(call, name, position)
        if held is not None:
            if self.source(held) != text:
                self.replace(held, text)
            return
        if any(keyword.arg is None for keyword in call.keywords):
            raise UnknownEdit("the arguments of the call are not written out")
        items = arguments(call)
        if items:
            end = self._behind(items[-1], self.span(call)[1] - 1)
            self._splice(end, end, f", {name}={text}")
        else:
            end = self.span(call)[1] - 1
            self._splice(end, end, f"{name}={text}")

    def drop_argument(self, call: ast.Call, name: str) -> None:
        """Take a keyword argument away, if it is there."""
        items = arguments(call)
        for item in items:
            if isinstance(item, ast.keyword) and item.arg == name:
                self._drop_item(items, item, self.span(call)[1] - 1)
                return

    def drop_element(self, held: ast.List | ast.Tuple, element: ast.expr) -> None:
        """Take an element out of a list or tuple that is written out."""
        self._drop_item(held.elts, element, self.span(held)[1] - 1)

    def insert_elements(self, held: ast.List, index: int, *texts: str) -> None:
        """Put elements into a list that is written out, laid out as the list is."""
        if index >= len(held.elts):
            raise UnknownEdit("nothing to insert before")
        start = self.span(held.elts[index])[0]
        line_start = self.text.rfind("\n", 0, start) + 1
        indent = self.text[line_start:start]
        between = f",\n{indent}" if not indent.strip() else ", "
        self._splice(start, start, "".join(f"{text}{between}" for text in texts))

    def numpy(self) -> str:
        """The name the script has for NumPy; imports it if it has none."""
        return self.module("numpy", "np")

    def module(self, wanted: str, usual: str) -> str:
        """The name the script has for a module; imports it by its usual name if it has none."""
        for node in self.tree.body:
            for name, bound in imported(node):
                if name == wanted:
                    return bound
        self._import(f"import {wanted}" if wanted == usual else f"import {wanted} as {usual}")
        return usual

    def keras(self) -> str:
        """The name the script has for Keras; imports it if it has none."""
        whole: str | None = None
        for node in self.tree.body:
            for name, bound in imported(node):
                if name in ("keras", "tensorflow.keras"):
                    return bound
                if name == "tensorflow":
                    whole = f"{bound}.keras"
        if whole is not None:
            return whole
        uses_tensorflow = any(
            isinstance(n, ast.ImportFrom) and (n.module or "").startswith("tensorflow")
            for n in self.tree.body
        )
        self._import("from tensorflow import keras" if uses_tensorflow else "import keras")
        return "keras"

    # ---- the text itself

    def _real_names(self) -> dict[str, str]:
        return {
            alias.asname: alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }

    def _import(self, text: str) -> None:
        """Put an import before the first one of the script."""
        imports = [n for n in self.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        usual = [n for n in imports if not is_future(n)]
        if not usual:
            raise UnknownEdit("the script imports nothing at its top level")
        self.insert_before(usual[0], text)

    def _own_line(self, statement: ast.stmt) -> tuple[int, str]:
        """Start of the statement's line and its indentation."""
        start = self.span(statement)[0]
        line_start = self.text.rfind("\n", 0, start) + 1
        indent = self.text[line_start:start]
        if indent.strip():
            raise UnknownEdit("several statements on one line")
        return line_start, indent

    def _behind(self, item: ast.AST, limit: int) -> int:
        """The end of an item, closing parentheses of its own included."""
        end = position = self.span(item)[1]
        while position < limit and self.text[position] in " \t\n)":
            position += 1
            if self.text[position - 1] == ")":
                end = position
        return end

    def _drop_item(self, items: Sequence[ast.AST], item: ast.AST, limit: int) -> None:
        index = list(items).index(item)
        start = self.span(item)[0]
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", self.span(item)[1]) + 1
        rest = self.text[self.span(item)[1] : line_end].strip()
        has_comma = rest.startswith(",") and rest[1:].strip()[:1] in ("", "#")
        if has_comma and not self.text[line_start:start].strip():
            self._splice(line_start, line_end, "")
            return
        if index + 1 < len(items):
            end = self.span(items[index + 1])[0]
        elif index:
            start, end = self._behind(items[index - 1], start), self._behind(item, limit)
        else:
            end = limit
        self._splice(start, end, "")

    def _offset(self, line: int, column: int) -> int:
        start = 0
        for _ in range(line - 1):
            start = self.text.index("\n", start) + 1
        end = self.text.find("\n", start)
        row = self.text[start : len(self.text) if end < 0 else end]
        return start + len(row.encode()[:column].decode())  # columns count bytes

    def _splice(self, start: int, end: int, new: str) -> None:
        first, last = self.text.count("\n", 0, start), self.text.count("\n", 0, end)
        old = self._origins[first : last + 1]
        n = new.count("\n") + 1
        takes_whole_lines = end == 0 or self.text[end - 1 : end] == "\n"
        kept: list[int | None] = old
        if n == len(old):
            pass
        elif takes_whole_lines and (start == 0 or self.text[start - 1] == "\n"):
            kept = [*[None] * (n - 1), *old[-1:]]
        else:
            kept = [*old[:1], *[None] * (n - 1)]
        self._origins[first : last + 1] = kept
        self.text = self.text[:start] + new + self.text[end:]
