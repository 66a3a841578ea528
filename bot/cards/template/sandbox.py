"""The sandbox: Jinja with almost everything taken out. What is left cannot reach an attribute, nor grow, nor last.

A template is read once and judged node by node, by a list of what is allowed; what is new in some later Jinja is not on
it. Loops charge a budget before they run; every filter is our own, and bounded; output is cut off as it streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import Template, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.cards.template import filters
from bot.cards.template.names import (
    FILTERS,
    LOOPS_MAX,
    NAMES,
    SOURCE_MAX,
    STEPS_MAX,
    TESTS,
    TEXT_MAX,
    TemplateFault,
)

_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg,
    nodes.Pos, nodes.Tuple, nodes.List,
)  # fmt: skip
_LOOP: Final = ("index", "index0", "first", "last", "length")
DEPTH_MAX: Final = 40
"""Parts inside each other."""
_EACH: Final = "_each"
"""The filter that charges a loop. No template can name it: names that begin with an underscore are unknown."""
_COUNTED: Final = 1_000_000_000_000
"""The largest number that a sum may come out as; nothing about an incident is larger."""


class Budget:
    """What one filling may still spend."""

    def __init__(self) -> None:
        """Begin with everything."""
        self.left = STEPS_MAX

    def spend(self, steps: int) -> None:
        """Raises TemplateFault when there is not so much left."""
        self.left -= steps
        if self.left < 0:
            raise TemplateFault("it loops too often")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Only items of mappings and lists can be reached, and a few facts of a loop; operators work on numbers alone."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, (list, tuple)) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument)[:40])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = (int, float)
        if not (isinstance(left, numbers) and isinstance(right, numbers)):
            raise TemplateFault(f"{operator} is for numbers")
        made = super().call_binop(context, operator, left, right)
        if not -_COUNTED <= made <= _COUNTED:
            raise TemplateFault("a number is too large")
        return made


def _sandbox() -> _Sandbox:
    made = _Sandbox(autoescape=False, optimized=False, finalize=_shown, trim_blocks=True, lstrip_blocks=True)
    made.globals.clear()
    made.tests = {name: made.tests[name] for name in TESTS}
    made.filters = {name: filters.BY_NAME[name] for name in FILTERS} | {_EACH: filters.each}
    return made


def _shown(value: Any) -> str:
    """A value as text. Lists and mappings have no text of their own: a template says how to join them."""
    if isinstance(value, Undefined) or value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TemplateFault("a list or mapping cannot be shown as it is; join it, or loop over it")


@lru_cache(maxsize=512)
def compiled(source: str) -> Template:
    """A template that may be filled. Raises TemplateFault."""
    if len(source) > SOURCE_MAX:
        raise TemplateFault(f"it has more than {SOURCE_MAX} characters")
    sandbox = _sandbox()
    try:
        tree = sandbox.parse(source)
        _judge(tree, 0, 0, {})
        _charge(tree, sandbox)
        return Template.from_code(sandbox, sandbox.compile(tree), {})
    except TemplateSyntaxError as error:
        raise TemplateFault(_worded(error.message or ""), error.lineno) from None
    except TemplateFault:
        raise
    except Exception as error:  # noqa: BLE001 (Jinja's reader fails in many ways on what is no template)
        raise TemplateFault(f"it is nested too deeply, or is no template ({type(error).__name__})") from None


def filled(source: str, known: Mapping[str, object]) -> str:
    """The text of a template. Raises TemplateFault, and nothing else."""
    template = compiled(source)
    context = template.new_context({**known, filters.BUDGET: Budget()})
    try:
        return _within(template.root_render_func(context))
    except TemplateFault:
        raise
    except Exception as error:  # noqa: BLE001 (a template is somebody's program: whatever it raises, the page must go out)
        raise TemplateFault(f"it failed with {type(error).__name__}") from None


def _within(pieces: Iterable[str]) -> str:
    """The pieces as one text, cut off as soon as there are too many."""
    text: list[str] = []
    room = TEXT_MAX
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TemplateFault(f"it comes out longer than {TEXT_MAX} characters")
        text.append(piece)
    return "".join(text)


def _judge(node: nodes.Node, depth: int, loops: int, bound: Mapping[str, tuple[str, ...]]) -> None:
    """Raise for anything that is not allowed. `bound` are the names of loops, and what each may be asked for."""
    line = node.lineno
    if depth > DEPTH_MAX:
        raise TemplateFault(f"it is nested deeper than {DEPTH_MAX}", line)
    if type(node) not in _ALLOWED:
        raise TemplateFault(f"{_called(node)} is not allowed here", line)
    match node:
        case nodes.Name(name=name) if node.ctx == "load" and name not in NAMES and name not in bound:
            raise TemplateFault(f"nothing is called {name}", line)
        case nodes.Filter(name=name) if name not in FILTERS:
            raise TemplateFault(f"there is no filter {name}", line)
        case nodes.Filter() if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise TemplateFault("a filter takes plain values, without names", line)
        case nodes.Test(name=name) if name not in TESTS:
            raise TemplateFault(f"there is no test {name}", line)
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr):
            known = bound.get(name) or ()
            if known and attr not in known:
                raise TemplateFault(f"{name} has no {attr}; it has {', '.join(known)}", line)
        case nodes.For():
            _judge_loop(node, depth, loops, bound)
            return
        case _:
            pass
    for child in node.iter_child_nodes():
        _judge(child, depth + 1, loops, bound)


def _judge_loop(loop: nodes.For, depth: int, loops: int, bound: Mapping[str, tuple[str, ...]]) -> None:
    if loops >= LOOPS_MAX or loop.recursive:
        raise TemplateFault(f"there are more than {LOOPS_MAX} loops inside each other", loop.lineno)
    _judge(loop.iter, depth + 1, loops, bound)
    listed = NAMES.get(loop.iter.name, ()) if isinstance(loop.iter, nodes.Name) else ()
    names = [each.name for each in loop.target.find_all(nodes.Name)] or [getattr(loop.target, "name", "")]
    inner = {**bound, "loop": _LOOP, **dict.fromkeys(names, listed)}
    for child in (loop.target, *([loop.test] if loop.test else []), *loop.body, *loop.else_):
        _judge(child, depth + 1, loops + 1, inner)


def _charge(tree: nodes.Template, sandbox: _Sandbox) -> None:
    """Make every loop pay beforehand for each time that its body runs, by the number of its parts."""
    for loop in tree.find_all(nodes.For):
        weight = 1 + sum(1 for _ in _parts(loop))
        price = nodes.Const(weight, lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, _EACH, [price], [], None, None, lineno=loop.lineno)
    tree.set_environment(sandbox)


def _parts(loop: nodes.For) -> Iterator[nodes.Node]:
    for child in (*([loop.test] if loop.test else []), *loop.body):
        yield child
        yield from child.find_all(nodes.Node)


_WORDS: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "a call",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "a macro",
    nodes.CallBlock: "a macro call",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "a block",
    nodes.With: "with",
    nodes.FilterBlock: "a filter block",
    nodes.Concat: "~",
    nodes.Pow: "**",
    nodes.Dict: "a mapping",
}


def _called(node: nodes.Node) -> str:
    return _WORDS.get(type(node), type(node).__name__.lower())


def _worded(message: str) -> str:
    """Jinja's own sentence, as the end of one of ours."""
    return message[:1].lower() + message[1:].rstrip(".")[:200]
