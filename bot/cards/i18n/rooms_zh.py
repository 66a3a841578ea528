"""What is said about war rooms, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "help.room": "为故障开启作战室，或将其关闭",
    "fact.room": "作战室",
    "room.asked": "{platform}：正在开启",
    "room.closing": "{name}：正在关闭",
    "entry.by_hand.i_wr_ask": "{actor} 请求开启作战室：{platforms}",
    "entry.by_hand.i_wr_close": "{actor} 请求关闭 {room}",
    "entry.room.i_wr_create": "作战室已开启：{room}",
    "entry.room.i_wr_delete": "作战室已关闭：{room}，保留了 {count} 条消息",
    "entry.room.i_wr_failed": "{platform} 上的作战室：{do} 失败（{why}）",
    "entry.room.i_wr_said": "{user} 在作战室中说：{text}",
    "reply.room_asked": "正在开启作战室，响应人员会被邀请加入。",
    "reply.room_there": "已经有作战室了：{room}。",
    "reply.room_closing": "正在关闭 {room}，其中的讨论会随故障一起保留。",
    "reply.no_room": "没有开启的作战室。开启请用：/toc room #NUM",
    "reply.no_rooms": "该协作空间没有位于支持作战室的平台上的群聊。请为它添加 Slack、Teams 或 Telegram 群聊。",
}
