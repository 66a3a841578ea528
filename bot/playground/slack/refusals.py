"""How the played Slack says no: an error code in a 200 answer, with the details that the vendor adds."""

from __future__ import annotations

from bot.playground.hub import Json


class SlackRefusal(Exception):  # it is an answer of the API, not a failure of the emulator
    """The `error` word of an answer `{"ok": false, "error": code}` and further fields of that answer.

    Source: https://docs.slack.dev/apis/web-api/#responses
    """

    def __init__(self, code: str, *messages: str, **extra: str) -> None:
        """`messages` become `response_metadata.messages`, as Slack reports each wrong field."""
        super().__init__(code, *messages)
        self.code = code
        self.messages = list(messages)
        self.extra = extra

    def body(self) -> Json:
        """The JSON answer."""
        body: Json = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
            body["errors"] = self.messages
        return body
