"""The house rules as plain functions: each reads one file and returns what it found, as sentences with a line number.
They know nothing of the tree: test_tidy applies them to it, test_tidy_rules proves that they bite."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

LOOSE_ENDS = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")

# Host names are put together here, so that this file does not contain what it forbids.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
)
ELSEWHERE = "/work/" + "shared"

# Where a third party may be imported in bot and webhooks: path prefixes. Everything not listed is free.
HOMES = {
    "aiosmtpd": ("webhooks/", "bot/playground/"),
    "aiosmtplib": ("bot/adapters/email",),
    "alembic": ("bot/store/",),
    "boto3": (),
    "botbuilder": ("bot/adapters/teams",),
    "botframework": ("bot/adapters/teams",),
    "botocore": (),
    "dingtalk_stream": ("bot/adapters/dingtalk",),
    "holidays": ("bot/manifest/",),
    "icalendar": ("bot/manifest/",),
    "jwt": ("bot/adapters/teams", "bot/playground/teams"),
    "lark_oapi": ("bot/adapters/feishu",),
    "msrest": ("bot/adapters/teams",),
    "psycopg": ("bot/store/",),
    "re2": ("bot/engine/patterns",),
    "redis": ("bot/backplane",),
    "segno": ("webhooks/pages/",),
    "slack_bolt": ("bot/adapters/slack",),
    "slack_sdk": ("bot/adapters/slack",),
    "sqlalchemy": ("bot/store/",),
    "sqlmodel": ("bot/store/",),
    "telegram": ("bot/adapters/telegram",),
    "twilio": (),
    "vonage": (),
}
# SDKs and calendars: nobody pays for one that is not configured, not even with the time of its import.
LAZY = (
    "aiosmtplib", "botbuilder", "botframework", "holidays", "icalendar", "jwt", "lark_oapi", "msrest", "segno",
    "slack_bolt", "slack_sdk", "telegram", "twilio",
)  # fmt: skip

WALL_CLOCK = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.time",
    "time.time_ns",
)
TIMERS = ("time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns")
CHANCE = ("random", "uuid.uuid1", "uuid.uuid4")

# Standard library that asks the machine for something, and so has no place in a pure function.
# fmt: off
IMPURE = frozenset({
    "asyncio", "concurrent", "fileinput", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
    "random", "sched", "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "socketserver",
    "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid", "warnings",
})
# fmt: on
IMPURE_BUILTINS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
PURE_EXCEPTIONS = ("urllib.parse",)
# Third parties that the pure engine may use, each in one file: pure themselves, and better than anything of our own
# (re2: docs/decisions/0009-linear-time-regex.md).
PURE_GUESTS = {"re2": "bot/engine/patterns.py"}

ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def long_file(text: str) -> Iterator[str]:
    """A file that grew past what one sitting can read."""
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{lines} lines, more than {FILE_LINES_MAX}: split it along an idea"


def long_functions(tree: ast.AST) -> Iterator[str]:
    """Functions that do not fit a screen, docstring included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"line {node.lineno}: {node.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"


def loose_ends(text: str) -> Iterator[str]:
    """Markers of work that somebody meant to do later."""
    for number, line in enumerate(text.splitlines(), 1):
        if LOOSE_ENDS.search(line):
            yield f"line {number}: a loose end; do it, or say in the docs that it is missing"


def outside_names(text: str) -> Iterator[str]:
    """Package registries' host names, and paths that exist on one machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        for name in (*REGISTRIES, ELSEWHERE):
            if name in line:
                yield f"line {number}: names {name}; a clone must not depend on it"


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported absolutely, wherever in the file: lazy imports count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def strangers(path: str, tree: ast.AST) -> Iterator[str]:
    """Third parties imported away from their only home."""
    for line, name in imports(tree):
        package = name.partition(".")[0]
        homes = HOMES.get(package)
        if homes is not None and not path.startswith(homes):
            place = " or ".join(homes) or "the tests and measurements"
            yield f"line {line}: imports {package}, whose place is {place}"


def impurities(path: str, tree: ast.AST) -> Iterator[str]:
    """What a pure function has no use for: third parties, the rest of the bot, the machine, coroutines."""
    for line, name in imports(tree):
        package = name.partition(".")[0]
        inside = name.startswith("bot.engine")
        standard = package in sys.stdlib_module_names and package not in IMPURE
        guest = PURE_GUESTS.get(package) == path
        if not inside and not standard and not guest and not name.startswith(PURE_EXCEPTIONS):
            yield f"line {line}: imports {name}; the engine is a pure function of its arguments"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield f"line {node.lineno}: is asynchronous; the engine waits for nothing"
        elif isinstance(node, ast.Name) and node.id in IMPURE_BUILTINS:
            yield f"line {node.lineno}: uses {node.id}; the engine touches nothing outside"


def used_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of every use of something imported, aliases undone: `dt.now` → `datetime.datetime.now`."""
    origin: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                origin[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            origin |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        name = dotted(node)
        if name:
            first, dot, rest = name.partition(".")
            if first in origin:
                yield node.lineno, origin[first] + dot + rest


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an expression that is only names and dots, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = dotted(node.value)
        return f"{value}.{node.attr}" if value else ""
    return ""


def own_clocks(path: str, tree: ast.AST) -> Iterator[str]:
    """Time and chance taken from the machine rather than from Clock and Ids; measurements may use timers and chance."""
    if path == "bot/clock.py" or path.startswith(("bot/playground/", "tests/")):
        return
    forbidden = WALL_CLOCK if path.startswith("bench/") else (*WALL_CLOCK, *TIMERS, *CHANCE)
    roots = tuple(f"{name}." for name in forbidden)
    taken: dict[int, str] = {}
    for line, name in used_names(tree):
        if f"{name}.".startswith(roots):
            taken.setdefault(line, name)  # the walk meets `random.choice` before the `random` inside it
    for line, name in taken.items():
        yield f"line {line}: {name}; take it from bot/clock.py, so that tests and the simulator can move it"


def sleeps(tree: ast.AST) -> Iterator[str]:
    """Tests that wait a fixed time: slow on a good day, wrong on a bad one."""
    for line, name in used_names(tree):
        if name == "time.sleep":
            yield f"line {line}: time.sleep; move the clock, or wait for the event itself with a deadline"


def environment_names(tree: ast.AST) -> set[str]:
    """Environment variables that a settings module names: every whole string in capitals with an underscore."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ENVIRONMENT_NAME.fullmatch(node.value)
    }


def defines(tree: ast.Module, name: str) -> bool:
    """Whether a module has a function, or a value, of that name at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return True
        if isinstance(node, ast.Assign) and any(dotted(target) == name for target in node.targets):
            return True
    return False
