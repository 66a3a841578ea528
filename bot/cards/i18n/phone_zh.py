"""What phones say: calls, texts with reply codes, and what is answered to them, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    # --- calls: everything is read aloud ------------------------------------------------------------------------------
    "voice.hello": "这里是 Tocsin。",
    "voice.what": "{channel}，{severity}故障，编号 {num}：{title}。",
    "voice.what_bare": "{severity}故障，编号 {num}：{title}。",
    "voice.untitled": "{severity}故障，编号 {num}。",
    "voice.since": "开始于 {since}。",
    "voice.state": "当前状态：{status}。",
    "voice.keys": "认领请按 1，关闭请按 2，升级请按 3，重听请按星号键。",
    "voice.unknown_key": "该按键没有对应的操作。",
    "voice.heard": "谢谢，消息已送达。",
    "voice.press_again": "请稍候，再按一次。",
    "voice.bye": "再见。",
    # --- texts --------------------------------------------------------------------------------------------------------
    "sms.codes": "回复 {n}a 认领，{n}r 关闭，{n}e 升级",
    "sms.codes_short": "回复 {n}a {n}r {n}e",
    "sms.bundle": "{count} 个故障等你处理：",
    "sms.bundle_row": "{code} {ref} {title}",
    "sms.bundle_more": "另有 {count} 个",
    "sms.bundle_codes": "回复 {codes} 认领",
    # --- answers to texts ---------------------------------------------------------------------------------------------
    "reply.no_such_code": "未做更改：{code} 不对应你的任何故障。可发送 `list mine` 查看。",
    "reply.which_code": "未做更改：有多个故障未关闭。请回复 {codes}。",
    "reply.nothing_to_do": "未做更改：你没有未关闭的故障。",
    "reply.sms_help": "Tocsin 值班通知。回复 1a 认领，1r 关闭，1e 升级，数字以短信为准。也可发送 list mine 或 oncall。"
    "STOP 停止短信，START 恢复。",
    "reply.sms_stranger": "这里是值班机器人 Tocsin。它不认识这个号码，未做任何操作。如果你在值班，请让管理员添加它。",
    "reply.sms_started": "短信已恢复：Tocsin 可以在此通知你。",
    "stopped.you": "Tocsin 不再向你的手机发送短信：你发送了 STOP，或运营商拦截了短信。通知会改用你的其他方式。"
    "要恢复短信，请向发来短信的号码发送 START。",
    "stopped.admins": "{name} 不再收到短信：该手机发送了 STOP，或运营商拦截了短信。通知改用其他方式：{ways}。"
    "该手机发送 START 即可恢复。",
    "stopped.row": "{way}：已停止。请用手机向发来短信的号码发送 START",
    "stopped.none": "无",
    # --- vendors, in the timeline and in reports ----------------------------------------------------------------------
    "entry.vendor_tried": "{way} 通知 {member}：改由 {vendor} 发送（{why}）",
    "failure.vendor_failed_over": "前一家供应商没有接收",
    "failure.vendor_hedged": "第一家供应商没有及时应答",
    "failure.vendor_unproven": "前一家供应商已接收，但没有送达",
    "failure.vendor_last_resort": "其他供应商都在停用中",
    "failure.rung_again": "无人接听，再拨一次",
    "failure.vendors_asked_again": "所有供应商都失败，重新依次尝试",
    "failure.vendors_exhausted": "所有供应商都失败",
    "failure.vendors_paused": "所有供应商都要求暂停",
    "failure.no_vendor_for_region": "已配置的供应商都不覆盖该国家或地区",
}
