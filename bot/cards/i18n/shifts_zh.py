"""What is said about shifts that people give, take and swap in chat, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "action.take": "我来值班",
    "shift.row": "{n}. {row}",
    "oncall.override": "{who}（{role}，临时替班），到 {at}",
    "overrides.none": "没有在聊天中设置的替班，也没有人请求替班。",
    "overrides.row": "{id}：{schedule}（{role}）：{who}，{start} 至 {end}（{zone}），由 {by} 设置",
    "overrides.wanted": "{id}：{schedule}（{role}）：{by} 请求替班，{start} 至 {end}（{zone}）",
    "reply.override_made": "{name} 将为 {schedule}（{role}）值班，{start} 至 {end}（{zone}），已通知本人。"
    "取消：unoverride {id}",
    "reply.override_mine": "你将为 {schedule}（{role}）值班，{start} 至 {end}（{zone}）。取消：unoverride {id}",
    "reply.override_ended": "{schedule} 的替班已结束，恢复按值班表值班。",
    "reply.override_unreachable": "未做任何更改：{name} 没有任何可用的联系方式，不能值班。",
    "reply.override_declared": "未做任何更改：该替班由配置文件声明，请在那里删除。",
    "reply.no_such_override": "没有可以取消的替班 {id}，请用 overrides 查看列表。",
    "reply.which_schedule": "未做任何更改：请指明值班表。现有：{known}。",
    "reply.which_schedule.bare": "未做任何更改：请指明值班表。",
    "reply.no_schedule_of_that_name": "未做任何更改：没有值班表 {name}。现有：{known}。",
    "reply.no_such_role": "未做任何更改：该值班表没有角色 {name}。现有：{known}。",
    "reply.no_such_shift": "你没有编号为 {word} 的班次，发送 `me` 查看编号。",
    "reply.cover_asked": "已请 {who} 接替 {schedule}（{role}），{start} 至 {end}（{zone}）。有人接替之前仍由你值班。",
    "reply.cover_asked.bare": "已询问 {schedule} 的其他人。有人接替之前仍由你值班。",
    "reply.cover_nothing": "未做任何更改：{start} 至 {end}（{zone}）你没有班次。",
    "reply.cover_nobody": "没有询问任何人：{schedule} 没有其他人可以接替。"
    "可以用 override {schedule} @某人 <开始> <结束>",
    "reply.cover_waits": "没有再次询问：你已在等待有人接替 {schedule}（{role}），{start} 至 {end}（{zone}）。"
    "要重新询问：unoverride {id}",
    "reply.cover_taken": "你将为 {schedule}（{role}）值班，{start} 至 {end}（{zone}）。已通知 {by}。",
    "reply.cover_taken.bare": "你将为 {schedule}（{role}）值班，{start} 至 {end}（{zone}）。",
    "reply.swap_taken": "你将为 {schedule}（{role}）值班，{start} 至 {end}；{by} 值 {start_back} 至 {end_back}"
    "（{zone}），已通知对方。",
    "reply.cover_gone": "未做任何更改：已有人接替。",
    "reply.cover_gone.who": "未做任何更改：{who} 已经接替。",
    "reply.cover_own": "在有人接替之前，这个班次仍是你的。",
    "reply.cover_over": "未做任何更改：该班次已结束，或不再需要接替。",
    "reply.swap_asked": "已请 {who} 换班：对方值 {schedule}（{role}）{start} 至 {end}（{zone}），你值对方的下一班。"
    "对方同意之前不做更改。",
    "reply.swap_asked.bare": "已询问 {schedule} 的其他人是否换班。有人同意之前不做更改。",
    "reply.swap_nothing": "未做任何更改：{schedule} 没有可以交换的班次。",
    "reply.swap_not_asked": "未做任何更改：换班请求发给了其他人。",
    "reply.bad_window": "未做任何更改：{word} 没有明确的开始和结束时间。"
    "请写 2h、18:00 22:00 或 明天 9:00 到 周五 18:00。",
    "reply.time_past": "未做任何更改：{word} 从过去开始。",
    "reply.time_twice": "未做任何更改：当天时钟回拨，{word} 会出现两次。请加上时区偏移，例如 {example}。",
    "reply.time_skipped": "未做任何更改：当天时钟拨快，{word} 并不存在。",
    "reply.window_backward": "未做任何更改：{word} 的结束早于开始。",
    "reply.window_too_long": "未做任何更改：聊天中设置的替班最长 {days} 天，更长的请写入配置文件。",
    "tell.override": "{name} 安排你为 {schedule}（{role}）值班，{start} 至 {end}（{zone}）。取消：unoverride {id}",
    "tell.covered": "{name} 将接替你为 {schedule}（{role}）值班，{start} 至 {end}（{zone}）。",
    "tell.swapped": "{name} 与你换班：对方值 {schedule}（{role}）{start} 至 {end}，你值 {start_back} 至 {end_back}"
    "（{zone}）。",
    "tell.ended": "{name} 取消了 {schedule}（{role}）{start} 至 {end}（{zone}）的替班。",
    "cover.ask": "{name} 请求替班：{schedule}（{role}），{start} 至 {end}（{zone}）。接替：take {id}",
    "swap.ask": "{name} 希望换班：你值 {schedule}（{role}）{start} 至 {end}，{name} 值你的 {start_back} 至 {end_back}"
    "（{zone}）。同意：take {id}",
    "help.override": "不论值班表如何，安排某人值班",
    "help.take": "由我值班；或接替别人让出的班次",
    "help.cover": "请值班表中的其他人接替我的班次",
    "help.swap": "用我的一个班次换别人的下一班",
    "help.overrides": "聊天中设置的替班，以及替班请求",
    "help.unoverride": "结束替班或替班请求",
}
