"""How signs, units and short names are said aloud in each language: the tables of `saying`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One language's way to say what text only writes. `N` in a pattern stands for the number."""

    dot: str
    slash: str
    port: str
    """The colon of an address."""
    version: str
    number: str
    """`#` in front of digits."""
    minus: str
    per: str
    percent: str
    clock: Mapping[str, str]
    """`am`, `pm` and `sharp`: patterns with `H` and `MM`."""
    hours: int
    """12 or 24: how the hours of a day are counted aloud."""
    gap: str
    """Between a number and its unit."""
    units: Mapping[str, tuple[str, str]]
    """Unit as written → one of it, several of it."""
    signs: tuple[tuple[str, str], ...]
    words: Mapping[str, str] = field(default_factory=dict)
    """Short names by how they are written, else in small letters."""
    spells: bool = False
    """Whether capitals without a vowel are read letter by letter; a Chinese voice does that by itself."""


_LETTERS: Final = (
    "cpu", "gpu", "api", "url", "uri", "io", "id", "ip", "os", "oom", "ui", "eu", "us", "aws", "rds", "ec2", "s3", "db",
    "vm", "dns", "tls", "ssl", "ssh", "tcp", "udp", "http", "https", "sql", "ssd", "hdd", "lb", "mq", "qps", "rps",
    "tps", "iops", "pvc", "gc", "jvm", "cdn", "vpn", "vpc", "slo", "sla", "ups", "nfs", "ntp", "smtp", "xml", "json",
    "acl",
)  # fmt: skip
"""These are read letter by letter, however they are written."""

_BYTES: Final = {
    "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "PB": "petabyte",
    "KiB": "kibibyte", "MiB": "mebibyte", "GiB": "gibibyte", "TiB": "tebibyte",
    "kB": "kilobyte", "kbps": "kilobit per second", "Mbps": "megabit per second", "Gbps": "gigabit per second",
}  # fmt: skip
_TIMES: Final = {
    "ns": "nanosecond", "us": "microsecond", "µs": "microsecond", "μs": "microsecond", "ms": "millisecond",
    "s": "second", "sec": "second", "secs": "second", "m": "minute", "min": "minute", "mins": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "d": "day", "w": "week",
}  # fmt: skip


def _plural(name: str) -> tuple[str, str]:
    head, space, rest = name.partition(" ")
    return name, f"{head}s{space}{rest}"


ENGLISH: Final = Spoken(
    dot=" dot ",
    slash=" slash ",
    port=" port ",
    version=" version ",
    number=" number ",
    minus=" minus ",
    per=" per ",
    percent="N percent",
    clock={"am": "H:MM AM", "pm": "H:MM PM"},
    hours=12,
    gap=" ",
    units={
        **{unit: _plural(name) for unit, name in (_BYTES | _TIMES).items()},
        "k": ("thousand", "thousand"),
        "Hz": ("hertz", "hertz"),
        "MHz": ("megahertz", "megahertz"),
        "GHz": ("gigahertz", "gigahertz"),
    },
    signs=(
        (">=", " at least "), ("≥", " at least "), ("<=", " at most "), ("≤", " at most "), ("->", " to "),
        ("=>", " to "), ("→", " to "), ("!=", " is not "), ("≠", " is not "), (">", " above "), ("<", " below "),
        ("=", " equals "), ("&", " and "), ("@", " at "), ("+", " plus "), ("×", " times "), ("°", " degrees "),
        ("~", " about "), ("%", " percent "), ("$", " dollar "), ("€", " euro "), ("/", " slash "),
        ("|", ", "), ("(", ", "), (")", ", "), ("[", ", "), ("]", ", "),
    ),
    words={
        **{name: " ".join(name.upper()) for name in _LETTERS},
        **{name.upper(): " ".join(name.upper()) for name in ("it", "ac", "ad", "ci", "cd", "ha", "sre", "ops")},
        **{name: name for name in ("AM", "PM")},
        "OPS": "ops", "SRE": "S R E",
        "k8s": "kubernetes", "postgresql": "postgres", "mysql": "my S Q L", "nginx": "engine X", "err": "error",
        "errs": "errors", "req": "request", "reqs": "requests", "conn": "connection", "conns": "connections",
        "avg": "average", "max": "maximum", "mem": "memory", "svc": "service", "env": "environment", "vs": "versus",
        "msg": "message", "msgs": "messages", "num": "number", "temp": "temperature", "config": "configuration",
        "approx": "about", "btw": "by the way", "incl": "including", "repl": "replication", "auth": "auth",
        "Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July",
        "Aug": "August", "Sep": "September", "Oct": "October", "Nov": "November", "Dec": "December",
    },
    spells=True,
)  # fmt: skip

MANDARIN: Final = Spoken(
    dot="点",
    slash=" ",
    port="端口",
    version="版本",
    number="编号",
    minus="负",
    per="每",
    percent="百分之N",
    clock={"am": "H点MM分", "pm": "H点MM分", "sharp": "H点整"},
    hours=24,
    gap="",
    units={
        "KB": ("K", "K"), "kB": ("K", "K"), "MB": ("兆", "兆"), "GB": ("G", "G"), "TB": ("T", "T"), "PB": ("P", "P"),
        "KiB": ("K", "K"), "MiB": ("兆", "兆"), "GiB": ("G", "G"), "TiB": ("T", "T"),
        "kbps": ("K 每秒", "K 每秒"), "Mbps": ("兆每秒", "兆每秒"), "Gbps": ("G 每秒", "G 每秒"),
        "ns": ("纳秒", "纳秒"), "us": ("微秒", "微秒"), "µs": ("微秒", "微秒"), "μs": ("微秒", "微秒"),
        "ms": ("毫秒", "毫秒"), "s": ("秒", "秒"), "sec": ("秒", "秒"), "secs": ("秒", "秒"), "m": ("分钟", "分钟"),
        "min": ("分钟", "分钟"), "mins": ("分钟", "分钟"), "h": ("小时", "小时"), "hr": ("小时", "小时"),
        "hrs": ("小时", "小时"), "d": ("天", "天"), "w": ("周", "周"), "k": ("千", "千"), "Hz": ("赫兹", "赫兹"),
        "MHz": ("兆赫", "兆赫"), "GHz": ("吉赫", "吉赫"),
    },
    signs=(
        (">=", "大于等于"), ("≥", "大于等于"), ("<=", "小于等于"), ("≤", "小于等于"), ("->", "到"), ("=>", "到"),
        ("→", "到"), ("!=", "不等于"), ("≠", "不等于"), (">", "大于"), ("<", "小于"), ("=", "等于"), ("&", "和"),
        ("@", " at "), ("+", "加"), ("×", "乘"), ("°", "度"), ("~", "约"), ("$", "美元"), ("€", "欧元"), ("/", " "),
        ("|", "，"), ("(", "，"), (")", "，"), ("[", "，"), ("]", "，"), ("（", "，"), ("）", "，"), ("【", "，"),
        ("】", "，"),
    ),
    words={"k8s": "kubernetes"},
)  # fmt: skip
