"""Overrides that were made in chat, in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, select, update

from bot.store.base_rota import ChatOverride
from bot.store.mapping import chat_override_from, chat_override_row
from bot.store.session import Session
from bot.store.statement import Statement, constant, insert_if_new, param
from bot.store.tables import CHAT_OVERRIDE

_ALL: Final = Statement(
    lambda _: select(CHAT_OVERRIDE.c.whole).order_by(CHAT_OVERRIDE.c.at, CHAT_OVERRIDE.c.id)
)  # fmt: skip
_PUT: Final = insert_if_new(CHAT_OVERRIDE, "id")
_TAKE: Final = Statement(
    lambda _: (
        update(CHAT_OVERRIDE)
        .where(CHAT_OVERRIDE.c.id == param("wanted"), CHAT_OVERRIDE.c.member == constant(""))
        .values(member=param("taker"), at=param("now"), whole=param("text"))
    )
)
_DROP: Final = Statement(lambda _: delete(CHAT_OVERRIDE).where(CHAT_OVERRIDE.c.id == param("wanted")))


class RotaRows(Session):
    """The part of a transaction about shifts; `RotaTx` says what each method promises."""

    def chat_overrides(self) -> list[ChatOverride]:
        """By time and id."""
        return [chat_override_from(text) for (text,) in self._fetch(_ALL)]

    def put_chat_override(self, override: ChatOverride) -> None:
        """Insert."""
        self._change(_PUT, chat_override_row(override))

    def take_chat_override(self, override: ChatOverride) -> bool:
        """One UPDATE decides."""
        row = chat_override_row(override)
        taken = {"wanted": row["id"], "taker": row["member"], "now": row["at"], "text": row["whole"]}
        return self._change(_TAKE, taken) > 0

    def drop_chat_override(self, override_id: str) -> bool:
        """Delete."""
        return self._change(_DROP, {"wanted": override_id}) > 0
