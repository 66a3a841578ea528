"""What people hear about themselves, about what would happen, and about single commands, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "prefs.row": "{severity}：{ways}",
    "prefs.then": "{row}；{span} 后 {ways}",
    "prefs.spare": "{row}。若失败：{ways}",
    "prefs.none": "{severity}：无法联系到你",
    "prefs.where": "分派策略可能另有规定。如需修改：配置文件中 members.{id} 的 notify 和 ladder。",
    "reply.no_callers": "没有公布号码：配置文件中既没有 numbers，发送方也不是号码。",
    "doctor.who": "你是 {name}（{id}），时区 {zone}。",
    "doctor.untried": "{way}：已设置，近期没有通过它发送通知",
    "doctor.sent": "{way}：正常，上次使用 {at}",
    "doctor.delivered": "{way}：正常，{at} 的通知已送达",
    "doctor.failed": "{way}：{at} 失败，{why}",
    "doctor.not_linked": "{way}：尚未关联。在这里发送 `link`，再在那里发送代码",
    "doctor.no_phone": "没有手机号：配置文件 members.{id}.phone",
    "doctor.no_email": "没有邮箱：配置文件 members.{id}.email",
    "doctor.unreachable": "目前无法以任何方式联系到你。",
    "doctor.test": "立即测试：test",
    "simulate.head": "如果 {severity} 告警“{title}”在 {at}（{zone}）进入 {channel}，且无人响应：",
    "simulate.row": "+{span}：{text}",
    "simulate.paged": "第 {level} 级：用 {way} 通知 {who}",
    "simulate.paged_again": "第 {level} 级：再次用 {way} 通知 {who}",
    "simulate.alert": "模拟告警",
    "simulate.silenced": "不通知任何人：静默 {by} 将其隐藏",
    "simulate.inhibited": "不通知任何人：另一条告警已说明原因（{by}）",
    "simulate.dropped": "不通知任何人：协作空间将其丢弃",
    "simulate.nothing": "不会通知任何人。",
    "help.also": "同义：{words}",
    "help.example": "例如：{example}",
    "help.prefs": "按严重程度查看如何联系我",
    "help.vcard": "通知所用的号码",
    "help.doctor": "能否联系到我，最近哪些失败",
    "help.simulate": "如果此时出现这样的告警，会在何时通知谁",
}
