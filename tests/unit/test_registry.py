"""What the registry says of a carrier without loading it is what its adapter says of itself."""

from __future__ import annotations

from importlib import import_module

import pytest

from bot.registry import CARRIERS


@pytest.mark.parametrize("name", CARRIERS)
def test_the_registry_and_the_adapter_agree(name):
    carrier = CARRIERS[name]
    module, _, kind = carrier.adapter.partition(":")
    adapter = getattr(import_module(module), kind)
    assert (adapter.name, adapter.caps.im, adapter.caps.rooms) == (name, carrier.im, carrier.rooms)
    assert all(hasattr(adapter, call) for call in ("open_room", "invite", "close_room")) == carrier.rooms
