import ast
import builtins
import importlib
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regraft.diagnose.agent import operators, rewrite
from regraft.diagnose.agent.hooks import attach

SAME = {
    "operators": "result = [7 + 2, 7 - 2, 7 * 2, 7 / 2, 7 // 2, 7 % 2, 7 ** 2, 7 @ M, -7, 7 << 1]",
    "strings": "result = ['a' + 'b', 'a' * 3, '%d!' % 4, b'x' + b'y', f'{1 + 1:>{2 * 2}}' + 'z']",
    "augmented": """
        x = [1]; y = x; y += [2]; n = 3; n -= 1; n *= 5; n /= 4; n //= 2
        class Box: pass
        box = Box(); box.n = 1; box.n += 2; items = [1, 2]; items[0] += 5
        result = (x, n, box.n, items)
    """,
    "augmented in a closure": """
        def outer():
            total = 1
            def inner():
                nonlocal total
                total += 4
            inner()
            return total
        count = 0
        def more():
            global count
            count += 2
        more()
        result = (outer(), count)
    """,
    "comparisons": """
        a, b = np.array([1, 2, 3]), np.array([1, 5, 3])
        result = [(a == b).tolist(), 1 == 1.0, 1 == a.size, 1 < 2 < 3, 1 == 1 == 1, a is b, 2 != 3]
    """,
    "reversed axes": """
        x = np.arange(24).reshape(2, 3, 4)
        slice = 5
        views = x[..., ::-1], x[:, ::-1], x[0, 1:, ::-1], x[::-1]
        result = [view.tolist() for view in views]
    """,
    "reversed axes behind a star": """
        x = np.arange(24).reshape(2, 3, 4); where = (0, 1)
        result = x[*where, ::-1].tolist()
    """,
    "methods with any argument": """
        class Image:
            def resize(self, *size, name=None, owner=None): return size, name, owner
        class Tall(Image):
            def resize(self, *size, **more): return super().resize(*size, **more)
        result = [Image().resize(2, 3, name="a", owner="b"), Tall().resize(*(4, 5), name="c"),
                  np.arange(6).reshape(2, -1).tolist(), np.arange(6).reshape((3, 2)).tolist()]
    """,
    "attributes": """
        class Node:
            made = 0
            def __init__(self, value):
                self.value = value
                self.__secret = value * 2
                self.__dunder__ = 3
                Node.made = Node.made + 1
            @property
            def half(self): raise ValueError("not yet")
            @half.setter
            def half(self, value): self.stored = value / 2
            def secret(self): return self.__secret
        node = Node(4)
        node.half = 10
        node.a = node.b = 1
        result = (node.value, node.secret(), node.__dunder__, node.stored, Node.made, node.a)
    """,
    "the value is made before its owner is found": """
        class Box: pass
        old, new = Box(), Box()
        current = old
        def switch():
            global current
            current = new
            return 7
        current.n = switch()
        result = (hasattr(old, "n"), new.n)
    """,
    "slots": """
        class Small:
            __slots__ = ("n",)
        small = Small(); small.n = 2 + 3
        try:
            small.m = 1
        except AttributeError as error:
            result = (small.n, type(error).__name__)
    """,
    "lambdas, decorators and defaults": """
        def twice(f):
            return lambda *a, **k: f(*a, **k) * 2
        @twice
        def area(w, h=2 * 3, *, unit=1 / 2): return w * h * unit
        result = (area(4), area(4, 5), (lambda x, y=1 + 1: x - y)(9))
    """,
    "comprehensions": """
        result = ([i * 2 for i in range(5) if i // 2 == 1], {k: v + 1 for k, v in {"a": 1}.items()},
                  sum(x * y for x, y in zip([1, 2], [3, 4])), [y := 3, y + 1])
    """,
    "f-strings": """
        total, width = 7, 4
        result = f"{total / 2:.{width - 2}f} {total + 1!r} {'a' + 'b'} {total * 2 = }"
    """,
    "async": """
        import asyncio
        class Room:
            async def __aenter__(self): self.n = 1; return self
            async def __aexit__(self, *_): self.n += 1
        async def three():
            await asyncio.sleep(0)
            return 3
        async def numbers():
            for i in range(3): yield i * 2
        async def main():
            async with Room() as room:
                total = await three() + await three()
                return total - room.n, [i + 1 async for i in numbers()]
        result = asyncio.run(main())
    """,
    "generators": """
        def running():
            total = 0
            while True:
                total += (yield total) + 1
        g = running(); next(g)
        result = [g.send(3), g.send(4)]
    """,
    "match": """
        def kind(value):
            match value:
                case 1 + 2j: return "complex"
                case -3: return "three"
                case [x, *_]: return x + 1
            return None
        result = [kind(1 + 2j), kind(-3), kind([4, 5]), kind("?")]
    """,
    "errors": """
        try:
            1 + "a"
        except TypeError as error:
            first = str(error)
        try:
            never += 1
        except NameError as error:
            result = (first, str(error))
    """,
    "annotations and dataclasses": """
        from __future__ import annotations
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Size:
            height: int = 2 * 8
            width: int | None = None
            def grown(self) -> Size: return Size(self.height + 1, self.width)
        result = repr(Size().grown()), Size(1) == Size(1)
    """,
}


def plainly(source, **names):
    names["__name__"] = "__main__"
    exec(compile(textwrap.dedent(source), "plain.py", "exec", dont_inherit=True), names)
    return names


class Sevens:
    def __rmatmul__(self, other):
        return other


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_rewritten_code_does_the_same(script, source):
    expected = plainly(source, np=np, M=Sevens())["result"]
    assert script.run(source, np=np, M=Sevens())["result"] == expected


numbers = st.sampled_from(["a", "b", "c", "0", "1", "2.5", "True"])
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "==", "<", "%"]),
            inner,
        ),
        st.builds("(lambda x: x * {})({})".format, inner, inner),
        st.builds("[{}, {}][{} == {}]".format, inner, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
    ),
    max_leaves=12,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(expressions, st.integers(-9, 9), st.floats(-9, 9), st.integers(0, 255))
def test_any_expression_has_the_same_value(script, expression, a, b, c):
    source = f"try:\n    r = repr({expression})\nexcept ArithmeticError as e:\n    r = repr(e)\n"
    names = {"a": a, "b": b, "c": c}
    assert script.run(source, **names)["r"] == plainly(source, **names)["r"]


dtypes = st.sampled_from(["uint8", "int32", "float32", "float64"])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(dtypes, dtypes, st.sampled_from("+-*"), st.sampled_from(["picture", "mean", "one"]))
def test_arrays_come_out_the_same(script, left, right, symbol, kind):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (70, 6, 6, 3)).astype(left)
    shapes = {"picture": (70, 6, 6, 3), "mean": (6, 6, 3), "one": ()}
    y = rng.integers(0, 256, shapes[kind]).astype(right)
    got = script.run(f"z = x {symbol} y", x=x, y=y)["z"]
    want = plainly(f"z = x {symbol} y", x=x, y=y)["z"]
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def test_a_mean_picture_with_many_rows_can_be_taken_away(script):
    x = np.full((3, 100, 80, 3), 9, np.uint8)
    assert script.run("z = x - m", x=x, m=x[0])["z"].sum() == 0


def test_errors_name_the_line_of_the_user(script):
    source = "import math\n\nx = (1\n     + 2)\nmath.sqrt(\n    -x + 1\n)\n"
    with pytest.raises(ValueError, match="math") as caught:
        script.run(source)
    assert caught.traceback[-1].lineno + 1 == 5
    assert caught.traceback[-1].path.name == "train.py"


def test_every_statement_keeps_its_line(script):
    source = textwrap.dedent(SAME["attributes"])
    before = [n.lineno for n in ast.walk(ast.parse(source)) if isinstance(n, ast.stmt)]
    tree = ast.fix_missing_locations(rewrite._Router({}).visit(ast.parse(source)))
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt)] == before


def test_sizes_are_replaced_where_they_are_whole_numbers(script):
    source = """
        SIZE = 224
        shape = (224, 224, 3)
        other = [224.0, "224", True, 2240, f"{224}"]
        def grown(side=224): return side + 1
        result = grown()
    """
    names = script.run(source, sizes={224: 64})
    assert names["SIZE"] == 64
    assert names["shape"] == (64, 64, 3)
    assert names["other"] == [224.0, "224", True, 2240, "224"]
    assert names["result"] == 65


def test_one_is_not_true(script):
    assert script.run("x = (True, 1)", sizes={1: 9})["x"] == (True, 9)


def test_modules_beside_the_script_are_rewritten_too(tmp_path, monkeypatch, record):
    (tmp_path / "beside_it.py").write_text("SIZE = 224\n")
    finder = rewrite.UserModules([tmp_path], {224: 32})
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = finder.find_spec("beside_it")
    assert spec is not None
    module = __import__("importlib.util").util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.SIZE == 32


def test_libraries_are_not_rewritten(tmp_path):
    for root in (tmp_path, Path("/")):  # a script may be started from anywhere
        finder = rewrite.UserModules([root], {})
        assert finder.find_spec("json") is None
        assert finder.find_spec("numpy") is None


def test_modules_of_the_user_are_rewritten_and_ours_are_not_wherever_they_lie(tmp_path):
    (tmp_path / "helpers.py").write_text("x = 1\n")
    (tmp_path / "regraft").mkdir()
    (tmp_path / "regraft" / "__init__.py").write_text("")
    finder = rewrite.UserModules([tmp_path], {})
    assert finder.find_spec("helpers", [str(tmp_path)]).loader is finder
    assert finder.find_spec("regraft", [str(tmp_path)]) is None


def test_what_waits_for_a_module_is_done_to_no_other_that_its_loader_loads(tmp_path, monkeypatch):
    for name in ("waited_for", "another"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(builtins, rewrite.GATE, operators, raising=False)
    monkeypatch.setattr(sys, "meta_path", [rewrite.UserModules([tmp_path], {}), *sys.meta_path])
    monkeypatch.setattr(attach, "_WAITING", {})
    seen = []
    attach.after_import("waited_for", lambda module: seen.append(module.__name__))
    importlib.import_module("waited_for")
    importlib.import_module("another")
    assert seen == ["waited_for"]
