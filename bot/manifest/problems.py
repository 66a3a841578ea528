"""What can be wrong with a manifest, said so that a tired person can mend it: where, what, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from pydantic_core import ErrorDetails, PydanticCustomError

Path = tuple[str | int, ...]
"""Where something stands in a manifest: keys and list positions from the top."""

SECRETS = frozenset(
    {"bot_token", "signing_secret", "app_token", "token", "secret_token", "auth_token", "password", "key", "secret",
     "api_secret", "signature_secret", "private_key", "secret_key", "app_secret", "callback_secret"}
)  # fmt: skip
"""Keys under `platforms`, `integrations` and `mail` whose values are never repeated in a message."""

_KINDS = {
    "string_type": ("is not text", "Write text; put quotes around it if it looks like a number."),
    "int_type": ("is not a whole number", "Write a whole number, without quotes."),
    "bool_type": ("is neither true nor false", "Write true or false, without quotes."),
    "dict_type": ("is not a mapping", "Write `key: value` lines, indented below it."),
    "model_type": ("is not a mapping", "Write `key: value` lines, indented below it."),
    "too_short": ("is empty", "Name at least one."),
    "tuple_type": ("is not a list", "Write [one, two], or one `- item` a line."),
}

_SCALAR = (str, int, float, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. `line` counts from 1 (0: the file as a whole), `path` reads `members.ann.phone`."""

    line: int
    path: str
    code: str
    message: str
    cure: str
    file: str = ""

    def __str__(self) -> str:
        """`tocsin.yaml:12: what is wrong. The cure.`"""
        return f"{self.file}:{self.line}: {self.message} {self.cure} [{self.code}]"

    def as_json(self) -> dict[str, str | int]:
        """The documented form of `check --json`."""
        return asdict(self)


class ManifestError(Exception):
    """The manifest is refused, for all of these reasons; whatever was in force stays in force."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.path)))
        super().__init__("\n".join(map(str, self.problems)))


def refusal(code: str, reason: str, cure: str) -> PydanticCustomError:
    """A validator's error: `reason` goes on where "`path` is `value`" stopped."""
    return PydanticCustomError(code, "{reason}", {"reason": reason, "cure": cure})


def dotted(path: Path) -> str:
    """`channels.pay.rules[0].levels[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    names = list(known)
    close = difflib.get_close_matches(word.casefold(), [name.casefold() for name in names], n=1, cutoff=0.6)
    return next((name for name in names if close and name.casefold() == close[0]), "")


def choose(word: str, known: Iterable[str], what: str) -> str:
    """A cure that offers the nearest known word, or the list of them."""
    names = sorted(known)
    if close := nearest(word, names):
        return f"Did you mean `{close}`?"
    if not names:
        return f"Declare {what} first."
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"Choose {what}: {listed}."


def is_secret(path: Path) -> bool:
    """Whether the value at `path` must not be shown."""
    return (
        len(path) > 2
        and path[0] in ("platforms", "integrations", "mail")
        and (path[-1] in SECRETS or not {"headers", "webhooks", "urls"}.isdisjoint(path))
    )


def in_words(error: ErrorDetails, known_keys: Iterable[str]) -> tuple[Path, str, str, str]:
    """Path, code, message and cure of what pydantic found. `known_keys` are the keys of the mapping that holds it."""
    kind, context = error["type"], error.get("ctx", {})
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    if kind.startswith("union_tag"):
        return _untold(path, context)
    where = dotted(path)
    if kind == "missing":
        return path, "missing", f"{where} is missing.", f"Add `{path[-1]}:` there."
    if kind == "extra_forbidden":
        cure = choose(str(path[-1]), known_keys, "a known key")
        return path, "unknown_key", f"{where} is not a key that Tocsin knows.", cure
    shown = error["input"]
    if is_secret(path) and not str(shown).startswith("env:"):
        shown = {}
    if "reason" in context:
        value = f" is {_short(shown)}" if isinstance(shown, _SCALAR) else ""
        return path, kind, f"{where or 'The manifest'}{value}: {context['reason']}.", str(context["cure"])
    reason, cure = _limits(kind, context)
    value = f" ({_short(shown)})" if isinstance(shown, _SCALAR) else ""
    return path, kind, f"{where or 'The manifest'} {reason}{value}.", cure


def _untold(path: Path, context: Mapping[str, object]) -> tuple[Path, str, str, str]:
    """Which of several kinds of a part is meant was not said, or is none of them."""
    name = str(context["discriminator"]).strip("'")
    path = (*path, name)
    if "tag" not in context:
        return path, "missing", f"{dotted(path)} is missing.", f"Add `{name}:` there."
    known = [word.strip("'") for word in str(context["expected_tags"]).split(", ")]
    cure = choose(str(context["tag"]), known, "one of")
    return path, "literal_error", f"{dotted(path)} is {context['tag']!r}, which is none that can stand there.", cure


def _limits(kind: str, context: Mapping[str, object]) -> tuple[str, str]:
    """Reason and cure of pydantic's own checks."""
    if kind in _KINDS:
        return _KINDS[kind]
    for key, reason, cure in (
        ("ge", "is below {}", "Write {} or more."),
        ("le", "is above {}", "Write {} or less."),
        ("max_length", "is longer than {}", "Shorten it to {} at most."),
    ):
        if key in context:
            return reason.format(context[key]), cure.format(context[key])
    if "expected" in context:
        return f"is not {context['expected']}", f"Write {context['expected']}."
    return f"cannot be read ({kind})", "See docs/manifest.md for what belongs there."


def _short(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
