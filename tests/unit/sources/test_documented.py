"""The example on every source's page is true: its first block, JSON or a mail, becomes its second."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from webhooks.sources import SOURCES
from webhooks.sources.batch import parse_one

PAGES = Path(__file__).parents[3] / "docs" / "sources"
BLOCK = re.compile(r"^```(?:json|eml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECEIVED_AT = re.compile(r"<!-- received_at: (\S+) -->")


@pytest.mark.parametrize("source", SOURCES)
def test_the_example_of_a_page_is_true(source):
    example = (PAGES / f"{source}.md").read_text().partition("\n## Example\n")[2]
    body, promised = BLOCK.findall(example)[:2]
    config = {"received_at": at} if (at := "".join(RECEIVED_AT.findall(example))) else {}
    assert parse_one(source, body.encode(), headers={}, config=config, now=0) == json.loads(promised)
