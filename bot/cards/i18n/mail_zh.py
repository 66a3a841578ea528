"""What mails, and the pages behind their links, say in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "link.as_whom": "你将以 {name} 的身份操作。不是你？请关闭此页面：未做任何更改。",
    "link.used": "未做任何更改：此链接已于 {at} 以 {name} 的名义使用。每个链接只能使用一次。",
    "link.expired": "未做任何更改：此链接的有效期至 {at}。请使用更新的邮件或卡片。",
    "link.nobody": "未做任何更改：此链接属于 {id}，该成员已不在这里。",
    "link.no_incident": "未做任何更改：此链接对应的故障已不再保留。",
    "link.bare": "未做任何更改：请从邮件中重新打开链接并点击按钮。浏览器需要接受 Cookie。",
    "mail.answer": "可直接回复此邮件：认领、关闭、升级 或 暂缓 30m；其他内容将记为备注。",
    "mail.answer_hint": "如需操作，请在回复开头写：认领、关闭、升级 或 暂缓 30m。",
    "mail.empty": "未做任何更改：引用内容之上没有你写的文字。",
    "mail.too_old": "未做任何更改：该邮件在 7 天内可回复。请回复更新的邮件，或在聊天中操作。",
    "failure.mailbox_full": "邮箱已满",
    "failure.undelivered": "邮件被退回",
}
