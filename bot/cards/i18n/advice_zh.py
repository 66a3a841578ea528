"""What to check next when a message did not arrive, by medium and named reason, in Chinese: one step a line."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    # -- texts
    "advice.sms.delivered": "运营商表示手机已收到。请查看陌生发件人、垃圾短信和拦截记录，以及其他短信应用。\n"
    "如果短信显示得晚或没有声音：将号码存为联系人（/toc vcard），并允许它在勿扰模式下提醒。",
    "advice.sms.sent": "供应商已接收，尚无送达消息。请等一分钟再查看。\n请确认手机已开机、有信号，并有空间接收短信。",
    "advice.sms.no_proof_in_time": "请确认手机已开机、有信号，并有空间接收短信。\n"
    "在境外时短信可能迟到或收不到：请为自己准备另一种媒介。\n"
    "送达回执需要公网地址：如果短信收到了却仍显示未证实，请管理员运行 tocsin doctor。",
    "advice.sms.not_delivered": "请确认手机已开机、有信号，且没有停机。\n"
    "请查看黑名单和拦截短信的应用，并将我们的号码存为联系人（/toc vcard）。\n"
    "最近是否携号转网？几天内短信可能丢失：请询问运营商。\n"
    "如果朋友的短信能收到而我们的收不到，则是运营商拦截：请告诉管理员。",
    "advice.sms.not_delivered.US": "美国运营商会丢弃未注册发送方的短信（A2P 10DLC 或已验证的免费号码）：管理员可"
    "在供应商处查看。",
    "advice.sms.not_delivered.CN": "请在手机和运营商处关闭对 106 号码和营销短信的拦截。",
    "advice.sms.not_delivered.IN": "印度只投递已登记的发送方和模板（DLT）：管理员可在供应商处查看。",
    "advice.sms.recipient_unreachable": "请检查配置文件中的号码：带国家代码、是手机号、没有写错。\n"
    "朋友的短信能收到吗？若不能，请询问运营商。\n"
    "如果曾经回复过 STOP，请向同一号码发送 START。",
    "advice.sms.recipient_blocked": "如果曾经回复过 STOP，请向同一号码发送 START。\n"
    "请查看手机的黑名单和拦截短信的应用。\n"
    "请询问运营商是否为你的号码屏蔽了企业短信。",
    "advice.sms.recipient_blocked.CN": "请让运营商将你的号码移出企业短信黑名单，或关闭对它的防骚扰拦截。",
    "advice.sms.mailbox_full": "手机或 SIM 卡没有空间存放短信：请删除一些后重新测试。",
    # -- calls
    "advice.voice.delivered": "电话已被接听。如果不是你本人：请查看呼叫转移以及使用同一号码的其他设备。",
    "advice.voice.sent": "电话已拨出，尚无结果。请等一分钟再查看。",
    "advice.voice.no_proof_in_time": "请确认手机已开机、有信号，以及是否响过铃。\n"
    "如果响过铃，则与回执有关，回执需要公网地址：请管理员运行 tocsin doctor。",
    "advice.voice.not_delivered": "请确认手机已开机、有信号，且朋友能打通。\n"
    "最近是否携号转网？几天内可能打不通：请询问运营商。\n"
    "请查看黑名单，以及拦截陌生或可疑来电的应用。",
    "advice.voice.recipient_unreachable": "请检查配置文件中的号码：带国家代码、没有写错。\n"
    "请确认手机已开机、有信号，且没有限制来电，在境外时尤其如此。",
    "advice.voice.recipient_blocked": "请查看黑名单，以及拒接陌生来电的应用。\n"
    "将我们的号码存为联系人（/toc vcard），让手机认识来电者。",
    "advice.voice.recipient_blocked.CN": "请让运营商为你的号码关闭防骚扰电话拦截。",
    "advice.voice.answered_by_machine": "电话由语音信箱接听，没有人能按键。手机是否关机、无信号，或自动拒接？\n"
    "将我们的号码存为联系人，并允许它在勿扰模式下响铃（/toc vcard）。\n"
    "请关闭代接或筛选来电的服务，例如运营商的通话助理。",
    "advice.voice.busy": "线路忙：请结束另一通电话后重新测试；开启呼叫等待可接入第二通。\n"
    "有些手机拒接时也显示忙：请查看黑名单和勿扰模式（/toc vcard）。",
    "advice.voice.no_answer": "响过铃吗？如果没有：将我们的号码存为联系人，并允许它在勿扰模式下响铃（/toc vcard"
    "）。\n"
    "请关闭“静音未知来电”的设置。\n"
    "请查看呼叫转移，以及可能代为响铃的手表或耳机。",
    "advice.voice.no_answer.US": "运营商和手机会把陌生的企业号码标为骚扰并静音：存为联系人有帮助，管理员也可在供"
    "应商处登记号码（STIR/SHAKEN、品牌来电）。",
    "advice.voice.mailbox_full": "电话由语音信箱接听，而信箱已满。请为此号码关闭语音信箱，或清空它。",
    # -- mail
    "advice.email.delivered": "邮件服务器已接收。请查看垃圾邮件、收件箱的其他分类，以及会移动邮件的规则。",
    "advice.email.sent": "邮件服务器已接收，之后不再有消息。请查看垃圾邮件、收件箱的其他分类，以及会移动邮件的规"
    "则。\n"
    "请将它标为非垃圾邮件，并将发件人加入联系人。\n"
    "如果到处都没有，可能被公司的邮件网关扣下：请询问邮件管理员。",
    "advice.email.not_delivered": "请检查配置文件中的邮箱地址。\n"
    "请询问邮件管理员，网关是否拒收：发件域名的 SPF、DKIM 和 DMARC。",
    "advice.email.recipient_unreachable": "请检查配置文件中的邮箱地址：其他来源的邮件能收到吗？\n"
    "邮件列表或群组可能拒收外部邮件：请询问其管理员。",
    "advice.email.recipient_blocked": "请将发件人移出黑名单，并将其邮件标为非垃圾邮件。\n"
    "请询问邮件管理员，网关是否屏蔽了发件人。\n"
    "退信或投诉可能使你进入供应商的抑制名单：管理员可将你移出。",
    "advice.email.mailbox_full": "邮箱已满：请清理后重新测试。",
    # -- direct messages
    "advice.im.delivered": "平台已显示。请查看机器人的私聊，包括隐藏和归档的会话。\n"
    "请确认应用可以通知：平台自身的时间安排和勿扰，以及手机的设置。",
    "advice.im.sent": "平台已显示。请查看机器人的私聊，包括隐藏和归档的会话。\n"
    "请确认应用可以通知：平台自身的时间安排和勿扰，以及手机的设置。",
    "advice.im.not_delivered": "账号是否正确，且仍在使用？用 /toc doctor 可查看关联情况。",
    "advice.im.recipient_unreachable": "请先给机器人发一条消息，它才能写给你；如果屏蔽了它，请解除。\n"
    "重新关联账号：在这里发送 link，再在那里发送代码。",
    "advice.im.recipient_blocked": "请解除对机器人的屏蔽，并给它发一条消息。",
    "advice.im.chat_unreachable": "请先给机器人发一条消息，它才能写给你；如果移除或屏蔽了它，请恢复。\n"
    "平台管理员可能限制了该应用：请管理员运行 tocsin doctor。",
    # -- whatever the medium
    "advice.any.sender_refused": "供应商不允许我们的发送方联系你。请管理员在供应商处检查发送方、登记情况和允许的"
    "国家，再运行 tocsin doctor。",
    "advice.any.template_refused": "已审核的模板与发送内容不符。请管理员在供应商处检查模板、变量及其长度。",
    "advice.any.no_balance": "供应商账户余额不足。请管理员充值，或增加另一家供应商。",
    "advice.any.auth_broken": "Tocsin 自身的授权被拒绝。请管理员运行 tocsin doctor，查看是哪个凭证。",
    "advice.any.quota_used_up": "本月配额已用完；除非配额为硬性，严重故障的通知仍会发出。请管理员运行 tocsin quota。",
    "advice.any.no_vendor_for_region": "已配置的供应商都不能到达该号码所在的国家。请管理员运行 tocsin doctor，"
    "查看各地区的供应商。",
    "advice.any.platform_not_configured": "这里没有承载该媒介的服务。请管理员检查配置文件的 platforms。",
    "advice.any.no_address": "没有可用的地址：请让人补到配置文件中你的条目里。",
    "advice.any.expired": "等待发送的时间过长。worker 是否在运行，供应商是否正常？请管理员运行 tocsin doctor。",
    "advice.any.timeout": "供应商没有及时答复；消息仍可能已送达。请几分钟后重新测试。",
    "advice.any.rate_limited": "短时间内发送过多。请一分钟后重新测试。",
    "advice.any.outage": "供应商或通往它的网络不可用，与你的手机和账号无关。请稍后重新测试；在此之前由其他媒介接"
    "替。管理员可用 tocsin doctor 了解更多。",
    "advice.any.queued": "仍在发送途中。请一分钟后再查看。\n如果一直如此，说明没有 worker 在运行：请告诉管理员。",
    "advice.any.other": "请重新测试。如果再次失败，请将此原因告诉管理员，并请其运行 tocsin doctor。",
    # -- tests
    "trial.later": "一分钟后可查看结果：/toc test last",
    "trial.none": "还没有测试过。发送测试：/toc test",
    "trial.head": "{at} 的测试：",
    "trial.queued": "{way}：仍在发送途中",
    "trial.sent": "{way}：已接收，尚无送达消息",
    "trial.accepted": "{way}：已接收。如果没有看到：",
    "trial.delivered": "{way}：已送达。如果没有看到：",
    "trial.failed": "{way}：失败，{why}。请依次检查：",
    "trial.step": "- {step}",
    "failure.quota_used_up": "本月配额已用完",
    "failure.no_vendor_for_region": "没有供应商能到达该国家",
    "failure.vendors_exhausted": "所有供应商均失败",
    "failure.template_refused": "与已审核的模板不符",
}
