"""The contact with the numbers that pages come from, and how phones let it ring at night, in Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "vcard.title": "通知来自以下号码，请存为同一个联系人，并允许其在夜间响铃：",
    "vcard.region": "{region}：{numbers}",
    "vcard.number": "{number}（{use}）",
    "vcard.anywhere": "任何地区",
    "vcard.use.sms": "短信",
    "vcard.use.voice": "电话",
    "vcard.page": "联系人名片及手机设置步骤：{url}",
    "vcard.note": "Tocsin 的通知来自这些号码。请允许此联系人在勿扰模式下响铃。",
    "vcard.heading": "让 {name} 能叫醒你",
    "vcard.why": "手机若不认识这些号码，夜间可能不会响。请将它们存为同一个联系人，再允许该联系人打扰你。",
    "vcard.save": "保存联系人",
    "vcard.none": "尚未公布号码。请 Tocsin 的管理员在配置文件的 numbers 中填写。",
    "vcard.qr": "正在电脑上查看？用手机扫描二维码，即可得到同一个联系人。",
    "vcard.numbers": "号码",
    "vcard.iphone": "iPhone 手机",
    "vcard.iphone.1": "保存联系人，并在“通讯录”中打开它。",
    "vcard.iphone.2": "轻点“编辑”，再轻点“电话铃声”，打开列表最上方名称含“紧急”的开关（英文界面为 Emergency Bypass）。",
    "vcard.iphone.3": "返回后轻点“短信铃声”，打开同样的开关。",
    "vcard.iphone.4": "轻点“完成”。此后即使静音或开启专注模式，来自它的电话和短信也会响铃。",
    "vcard.android": "Android 手机",
    "vcard.android.1": "保存联系人，在“通讯录”中打开它，并点亮星标（收藏）。",
    "vcard.android.2": "打开“设置”，搜索“勿扰”（有的手机称为“模式”或“免打扰”）。",
    "vcard.android.3": "在“联系人”或“例外”中，允许已加星标的联系人来电和发短信。",
    "vcard.android.4": "同时允许重复来电：15 分钟内的第二次来电会响铃。",
    "vcard.android.5": "若手机本身设为静音，星标联系人也不会响铃：请保持铃声打开。",
    "vcard.then": "然后发送测试：/toc test",
}
