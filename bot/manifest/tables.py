"""Mapping tables: CSV text → rows that enrichment can look up, or why it is no table."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path as File

from pydantic import ValidationInfo

from bot.engine.feed import Table
from bot.manifest.problems import refusal

ROWS_MAX = 10_000
BYTES_MAX = 1_000_000
"""Of one table: what a person still maintains by hand, and what is read at once without being felt."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.csv")


def beside(name: object, info: ValidationInfo) -> object:
    """The text of a CSV file beside the manifest. Raises a refusal when it cannot be read."""
    if not isinstance(name, str):
        return name
    if not _NAME.fullmatch(name):
        raise refusal("table_file", "a table is a file beside the manifest", "Write its plain name: services.csv.")
    folder: File | None = (info.context or {}).get("folder")
    if folder is None:
        raise refusal("table_file", "this manifest is in no folder", "Write the table into it, as csv:.")
    try:
        with (folder / name).open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        if len(data) > BYTES_MAX:
            raise refusal("table_size", f"a table has at most {BYTES_MAX} bytes", "Keep what is needed.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise refusal("table_file", f"it cannot be read ({error.strerror})", f"Put it into {folder}.") from None
    except UnicodeDecodeError as error:
        raise refusal("table_file", f"it is not UTF-8 (byte {error.start})", "Save it as UTF-8.") from None


def to_table(text: str, keys: tuple[str, ...], results: tuple[str, ...]) -> Table:
    """Read CSV whose first line names the columns. Raises a refusal that names the row; the first row counts as 1."""
    if len(text.encode(errors="replace")) > BYTES_MAX:
        raise refusal("table_size", f"a table has at most {BYTES_MAX} bytes", "Keep what is needed.")
    try:
        lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), strict=True) if any(line)]
    except csv.Error as error:
        raise refusal("table", f"the table is no CSV ({error})", "Put quotes around cells with commas.") from None
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    for column in (*keys, *results):
        if header.count(column) != 1:
            cure = f"Let the first line name each column once; it names {', '.join(header) or 'nothing'}."
            raise refusal("table_column", f"the table needs one column {column}", cure)
    if len(rows) > ROWS_MAX:
        raise refusal(
            "table_rows", f"a table has at most {ROWS_MAX} rows, this one {len(rows)}", "Keep what is needed."
        )
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            said = f"row {number} of the table has {len(row)} cells, and the first has {len(header)}"
            raise refusal("table_row", said, "Put quotes around cells with commas.")
        cells = dict(zip(header, row, strict=True))
        key = tuple(cells[name] for name in keys)
        if key in found:
            raise refusal("table_twice", f"row {number} of the table repeats {', '.join(key)}", "Keep one of them.")
        found[key] = tuple(cells[name] for name in results)
    return Table(keys=keys, results=results, rows=found)
