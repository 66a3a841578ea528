"""Every store there is: a case that asks for `store` runs on each."""

from __future__ import annotations

import pytest

from tests.conformance.store.kit import STORES


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    store = STORES[request.param](tmp_path)
    yield store
    store.close()
