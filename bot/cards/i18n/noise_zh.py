"""What is said about noise: silences, alerts that come and go, storms, likeness, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "entry.silence_ended": "第 {level} 级：静默已结束但仍在告警，已用 {way} 通知 {member}",
    "entry.silence_ended.i_new": "静默已结束，被静默的告警仍在触发",
    "entry.silence_ended.a_merge": "静默已结束，被静默的一条告警并入",
    "entry.inhibition_over": "第 {level} 级：抑制源已恢复但仍在告警，已用 {way} 通知 {member}",
    "entry.inhibition_over.i_new": "抑制源已恢复，被抑制的告警仍在触发",
    "entry.inhibition_over.a_merge": "抑制源已恢复，被抑制的一条告警并入",
    "entry.flapping_mute_over": "第 {level} 级：抖动静默已结束但仍在告警，已用 {way} 通知 {member}",
    "entry.flapping_mute_over.i_new": "抖动静默已结束，告警仍在触发",
    "entry.flapping_mute_over.a_merge": "抖动静默已结束，一条告警并入",
    "entry.flapping": "告警反复触发与恢复：{alert_key}",
    "entry.flapped": "告警恢复后很快又触发：一切从原处继续",
    "entry.alike": "又有一条相似告警并入，相似度 {score}：{fields}",
    "entry.storm": "第 {level} 级：告警风暴，已用 {way} 通知 {member}",
    "entry.storm.i_storm": "告警风暴：{count} 条",
    "entry.group_full": "已有 {count} 条告警，不再并入：由新故障继续",
    "entry.window_over": "聚合窗口已结束，共 {count} 条告警：由新故障继续",
    "why.silence_ended": "通知你，是因为静默已结束但仍在告警：第 {level} 级。",
    "why.inhibition_over": "通知你，是因为抑制源已恢复但仍在告警：第 {level} 级。",
    "why.flapping_mute_over": "通知你，是因为抖动静默已结束但仍在告警：第 {level} 级。",
    "why.storm": "再次通知你，是因为出现告警风暴：第 {level} 级。",
    "digest.title": "告警风暴：{count} 条告警，第一条：{title}",
    "entry.digest": "风暴中的又一条告警计入此处",
    "entry.digest.i_new": "协作空间告警泛滥：后续本应新建的故障都计入此处",
    "mark.digest": "其中每条告警原本都会成为单独的故障",
    "fact.marks": "标记",
    "mark.novel": "首次出现",
    "mark.flapping": "反复抖动",
    "mark.storm": "告警风暴，不少于 {n} 条",
    "mark.silence_ended": "静默结束后仍在告警",
    "mark.inhibition_over": "抑制源恢复后仍在告警",
    "mark.flapping_mute_over": "曾因抖动被静默",
    "reply.silenced": (
        "{until} 之前静默：{channel} 中符合 {what} 的新告警不再通知。目前隐藏 {count} 条。"
        "届时仍在触发的会通知值班人。提前结束：unsilence {id}"
    ),
    "reply.silence_changed": (
        "该静默改为到 {until} 结束：{channel} 中的 {what}。目前隐藏 {count} 条。提前结束：unsilence {id}"
    ),
    "reply.silence_where": "未静默：请用 in <channel> 指明协作空间。现有 {known}。",
    "reply.silence_empty": "未静默：请指明哪些告警，例如 #142 或 severity=Info service=web。",
    "reply.silence_unread": "未静默：无法理解 {word}（{why}）。",
    "reply.silence_too_long": "未静默：快捷静默最长 {days} 天。更长的请写进配置文件。",
    "reply.unsilenced": "静默 {id} 已结束。曾隐藏 {count} 条告警；仍在触发的现在会通知值班人。",
    "reply.silence_declared": "未改动：静默 {id} 写在配置文件中，请在那里删除。",
    "reply.no_such_silence": "没有静默 {id}。用 silences 查看列表。",
    "silences.none": "目前没有静默。",
    "silences.row": "{id}：{channel} 中的 {what}，到 {until}，由 {who} 设置，隐藏 {count} 条",
    "silences.row_idle": "{id}：{channel} 中的 {what}，当前未生效",
    "silences.row_declared": "{id}：{channel} 中的 {what}，到 {until}，配置文件声明，隐藏 {count} 条",
    "silences.reason": "{row}。{reason}",
    "similar.none": "该协作空间最近关闭的故障中，没有与 {ref} 相似的。",
    "similar.title": "与 {ref} 相似",
    "similar.row": "#{num} {title}：{score}（{fields}），{at} 关闭，历时 {span}",
    "help.silence": "在一段时间内隐藏与某故障相似或符合条件的告警",
    "help.silences": "有哪些静默，到何时，目前隐藏多少",
    "help.unsilence": "立即结束一个静默",
    "help.similar": "与此相似的已关闭故障",
}
