"""What is said about coming shifts, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "notice.soon": "{schedule}：即将换班",
    "notice.you_soon": "{schedule}：你即将值班",
    "notice.day": "{schedule}：未来 24 小时值班",
    "notice.your_day": "{schedule}：你在未来 24 小时内值班",
    "notice.shift": "{who}（{role}）：{start} 至 {end}（{zone}）",
}
