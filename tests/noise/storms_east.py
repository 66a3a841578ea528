"""Storms told in Chinese, and one in both languages: payments that time out, a room without network, a busy cloud."""

from __future__ import annotations

from tests.noise.kinds import Kind, kind, says

PAYMENTS = (
    kind(
        "pay-gateway timeout", 22,
        says("支付网关调用超时",
             "pay-gateway 到渠道 unionpay 的 P99 耗时 {secs}ms,超过阈值 800ms", service="pay-gateway",
             resource="pay-gateway-{n}"),
        says("【严重】支付网关 pay-gateway 接口超时率过高",
             "超时率 {pct}%,持续 {m} 分钟,实例 {ip}", service="pay-gateway",
             resource="{ip}"),
    ),
    kind(
        "refund failures", 12,
        says("退款任务失败数突增",
             "最近 {m} 分钟退款失败 {big} 笔,批次号 {uuid}", service="refund", resource="refund-job"),
    ),
    kind(
        "risk engine", 14,
        says("风控引擎响应时间过长", "risk-engine-{n} 平均响应时间 {secs}ms,请检查规则热加载", service="risk-engine",
             resource="risk-engine-{n}"),
    ),
    kind(
        "redis memory", 16,
        says("Redis 内存使用率过高", "实例 redis-session-{n} 内存使用率 {pct}%,阈值 80%", service="redis-session",
             resource="redis-session-{n}"),
        says("[Nightingale] redis-session-{n} 内存使用率 > 80%",
             "当前值 {pct},触发时间 {time}", service="redis-session",
             resource="redis-session-{n}"),
    ),
    kind(
        "redis connections", 10,
        says("Redis 连接数过高", "实例 redis-session-{n} 连接数 {big},阈值 8000", service="redis-session",
             resource="redis-session-{n}"),
    ),
)  # fmt: skip

ROOM = (
    kind(
        "machine room ping", 26,
        says("主机 {ip} 无法访问", "机房 sh-a 机柜 {n}:连续 {m} 次 ping 不通", resource="{ip}", room="sh-a"),
        says("Ping 不可达:{ip}(上海 A 机房)",
             "主机 app-sh-{n} 自 {time} 起不可达,机房 sh-a", resource="app-sh-{n}", room="sh-a"),
    ),
    kind(
        "dedicated line", 10,
        says("专线丢包率过高:上海-北京", "专线 line-sh-bj-{m} 丢包率 {pct}%,时延 {secs}ms", resource="line-sh-bj-{m}"),
    ),
    kind(
        "air conditioning", 8,
        says("机房温度过高", "机房 sh-a 冷通道 {n} 温度 {m}9.5 摄氏度,超过阈值 32", resource="aisle-{n}", room="sh-a"),
    ),
    kind(
        "zk sessions", 12,
        says("ZooKeeper 会话超时",
             "节点 zk-{m} 上 {big} 个会话在 {secs} 秒内过期", service="zookeeper", resource="zk-{m}"),
    ),
    kind(
        "kafka consumer cn", 14,
        says("Kafka 消费延迟过大", "消费组 order-sync 在主题 order-event 分区 {n} 积压 {big} 条", service="order-sync",
             resource="order-event"),
        says("消费组 order-sync 消费积压告警", "主题 order-event,积压 {big} 条,持续 {m} 分钟", service="order-sync",
             resource="order-event"),
    ),
)  # fmt: skip

CLOUD = (
    kind(
        "rds member cpu", 16,
        says("云监控报警:云数据库RDS CPU使用率",
             "实例:rm-member{hex},CPU使用率 {pct}%>=80%,持续 {m} 个周期", service="member-db",
             resource="rm-member"),
        says("[Aliyun] RDS member-db CPU utilization {pct}%", "Instance rm-member: CpuUsage >= 80% for {m} periods",
             service="member-db", resource="rm-member"),
    ),
    kind(
        "rds trade cpu", 14,
        says("云监控报警:云数据库RDS CPU使用率",
             "实例:rm-trade{hex},CPU使用率 {pct}%>=80%,持续 {m} 个周期", service="trade-db",
             resource="rm-trade"),
    ),
    kind(
        "rds member iops", 10,
        says("云监控报警:云数据库RDS IOPS使用率", "实例:rm-member{hex},IOPS使用率 {pct}%>=80%,持续 {m} 个周期",
             service="member-db", resource="rm-member"),
    ),
    kind(
        "slb backend", 14,
        says("负载均衡后端服务器异常", "监听 443 的后端 {ip} 健康检查失败", service="slb-web", resource="lb-web"),
        says("SLB lb-web: backend {ip} is unhealthy",
             "Health check of listener 443 failed {m} times", service="slb-web",
             resource="lb-web"),
    ),
    kind(
        "oss quota", 8,
        says("对象存储流量超出限额", "存储桶 static-assets 外网流出 {big} MB,限额 {big} MB", service="oss",
             resource="static-assets"),
    ),
    kind(
        "sms provider", 10,
        says("短信发送成功率下降", "通道 sms-main 成功率 {m}{m}%,错误码 isv.BUSINESS_LIMIT_CONTROL", service="sms",
             resource="sms-main"),
    ),
)  # fmt: skip

STORMS: dict[str, tuple[Kind, ...]] = {"payments": PAYMENTS, "room": ROOM, "cloud": CLOUD}
