"""The manners of everything under `platforms`: what one of them declares is what its adapter is made from."""

from __future__ import annotations

from pydantic import SecretStr

from bot.manifest.parts import Part


class Carrier(Part):
    """One platform or vendor."""

    def settings(self) -> dict[str, object]:
        """What its adapter is made from, secrets in the clear; what was not given is absent."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in values.items()
            if value is not None
        }
