"""What is said below a card, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "remark.nobody": "无人",
    "remark.quoting": "{line} {text}",
    "remark.note": "{ref} · {who} 备注：",
    "remark.level": "{ref} · 已升级到第 {level} 级，正在通知：{people}",
    "remark.round": "{ref} · 第 {round} 轮开始，从第 {level} 级起，正在通知：{people}",
    "remark.last_resort": "{ref} · 各级均已通知，交由兜底人员，正在通知：{people}",
    "remark.escalated": "{ref} · {who} 将其升级到第 {level} 级，正在通知：{people}",
    "remark.escalated_last": "{ref} · {who} 将其升级给兜底人员，正在通知：{people}",
    "remark.assigned": "{ref} · {who} 将其转派给 {people}",
    "remark.added": "{ref} · {who} 添加了 {people}",
    "remark.given_back": "{ref} · {who} 取消了认领，重新通知：{people}",
    "remark.given_back_held": "{ref} · {who} 取消了认领，仍有其他人在处理。",
    "remark.ack_timeout": "{ref} · {had} 认领后超时未关闭，重新通知：{people}",
    "remark.snooze_over": "{ref} · 暂缓已结束，重新通知：{people}",
    "remark.reopened": "{ref} · {who} 重新打开了故障，正在通知：{people}",
    "remark.back": "{ref} · 告警再次出现，从原来的进度继续。",
    "remark.merged": "{ref} · {who} 将其合并到 #{into}。",
    "remark.room_failed": "{ref} · 无法在 {platform} 上开设作战室：{why}。",
    "remark.exhausted": "{ref} · 无人认领，且已没有可以通知的人。",
    "remark.unreachable": "{ref} · 所有方式均无法联系到：{people}",
    "remark.rest": "{ref} · 已有 {max} 条，此处不再继续；其余内容见卡片及其时间线。",
}
