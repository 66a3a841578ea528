"""How the played Telegram says no: an HTTP status, a sentence in `description`, and sometimes `parameters`."""

from __future__ import annotations

import math

from bot.playground.hub import Json


class TelegramRefusal(Exception):  # it is an answer of the API, not a failure of the emulator
    """An unsuccessful answer: https://core.telegram.org/bots/api#making-requests."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        """`parameters` is a ResponseParameters object: https://core.telegram.org/bots/api#responseparameters."""
        super().__init__(status, description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The JSON answer."""
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(sentence: str, parameters: Json | None = None) -> TelegramRefusal:
    """400 `Bad Request: ...`."""
    return TelegramRefusal(400, f"Bad Request: {sentence}", parameters)


def forbidden(sentence: str) -> TelegramRefusal:
    """403 `Forbidden: ...`."""
    return TelegramRefusal(403, f"Forbidden: {sentence}")


def too_many(wait_s: float) -> TelegramRefusal:
    """429 with whole seconds in `parameters.retry_after`: https://core.telegram.org/bots/api#responseparameters."""
    seconds = max(1, math.ceil(wait_s))
    return TelegramRefusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
