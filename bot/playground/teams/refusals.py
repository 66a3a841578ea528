"""The errors of the Bot Connector, as Teams words them.

Shapes: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#errorresponse
and https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
"""

from __future__ import annotations

import json
import math
from typing import Final

from starlette.responses import JSONResponse, Response

from bot.playground.hub import Json

BLOCKED: Final = {
    "subCode": "MessageWritesBlocked",
    "details": "Thread is blocked from message writes.",
    "errorCode": None,
    "errorSubCode": None,
}


class TeamsRefusal(Exception):  # an answer, not a failure of the emulator
    """A call that Teams refuses, with the HTTP status, the code and the message of its answer."""

    def __init__(self, status: int, code: str, message: str, *, after_s: float = 0.0) -> None:
        """`after_s` becomes the header Retry-After."""
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.after_s = after_s

    def response(self) -> Response:
        """The refusal as Teams sends it."""
        headers = {"Retry-After": str(max(1, math.ceil(self.after_s)))} if self.after_s else {}
        return JSONResponse(self.body(), status_code=self.status, headers=headers)

    def body(self) -> Json:
        """The body of the answer; a refused token has one of its own."""
        if self.status == 401:
            return {"message": self.message}
        if self.code == "209":
            return {"errorCode": 209, "message": self.message}
        return {"error": {"code": self.code, "message": self.message}}


def denied() -> TeamsRefusal:
    """The token is missing, unknown or too old."""
    return TeamsRefusal(401, "Unauthorized", "Authorization has been denied for this request.")


def not_in_roster() -> TeamsRefusal:
    """The app is not installed there."""
    return TeamsRefusal(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")


def blocked() -> TeamsRefusal:
    """The person blocked the app, or removed it."""
    return TeamsRefusal(403, "209", json.dumps(BLOCKED, indent=2))


def no_conversation() -> TeamsRefusal:
    """There is no such conversation."""
    return TeamsRefusal(404, "ConversationNotFound", "Conversation not found.")


def no_activity() -> TeamsRefusal:
    """There is no such message, or it is not the app's."""
    return TeamsRefusal(404, "ActivityNotFoundInConversation", "The activity was not found in the conversation.")


def bad_syntax(message: str) -> TeamsRefusal:
    """The body cannot be understood."""
    return TeamsRefusal(400, "BadSyntax", message)


def bad_argument(message: str) -> TeamsRefusal:
    """The body is understood and wrong."""
    return TeamsRefusal(400, "BadArgument", message)


def too_big() -> TeamsRefusal:
    """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages."""
    return TeamsRefusal(413, "MessageSizeTooBig", "Message size too large.")


def too_many(after_s: float) -> TeamsRefusal:
    """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit."""
    return TeamsRefusal(429, "TooManyRequests", "Too Many Requests", after_s=after_s)
