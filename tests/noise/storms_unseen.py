"""Two storms that were written after the measure was fixed, and on which nothing was tried out."""

from __future__ import annotations

from tests.noise.kinds import Kind, kind, says

REGION = (
    kind(
        "login errors", 16,
        says("Login success rate below 95%", "auth-service answers {pct}% of logins, {big} failed in {m} minutes",
             service="auth", resource="auth-{pod}"),
        says("auth: too many failed logins", "{big} logins failed within {m}m on auth-{pod}", service="auth",
             resource="auth-{pod}"),
    ),
    kind(
        "login latency", 10,
        says("Login latency above 2s", "auth-service p95 is {secs} ms", service="auth", resource="auth-{pod}"),
    ),
    kind(
        "postgres wal", 12,
        says("PostgreSQL WAL archiving fails on ledger-{m}",
             "{n} segments wait, oldest since {time}", service="ledger-db",
             resource="ledger-{m}"),
    ),
    kind(
        "postgres bloat", 8,
        says("PostgreSQL table bloat on ledger-{m}", "Table entries is {pct}% bloated", service="ledger-db",
             resource="ledger-{m}"),
    ),
    kind(
        "cdn", 14,
        says("CDN origin errors in eu-west-{m}", "{pct}% of origin fetches for img.example.net fail with 504",
             service="cdn", resource="img.example.net"),
        says("Origin img.example.net times out", "Edge pop fra{n} waited {secs}s for img.example.net", service="cdn",
             resource="img.example.net"),
    ),
    kind(
        "jvm heap", 12,
        says("JVM heap usage critical: inventory", "Old gen at {pct}% after GC on inventory-{pod}", service="inventory",
             resource="inventory-{pod}"),
    ),
    kind(
        "jvm gc", 10,
        says("JVM GC pauses too long: inventory", "Longest pause {secs} ms on inventory-{pod}", service="inventory",
             resource="inventory-{pod}"),
    ),
)  # fmt: skip

LOGISTICS = (
    kind(
        "waybill timeout", 16,
        says("运单服务接口超时",
             "waybill 接口 /create 平均耗时 {secs}ms,实例 {ip}", service="waybill", resource="{ip}"),
        says("waybill 调用超时告警", "最近 {m} 分钟超时 {big} 次", service="waybill", resource="waybill-{n}"),
    ),
    kind(
        "waybill errors", 10,
        says("运单服务错误日志激增",
             "{m} 分钟内 ERROR 日志 {big} 条,TraceId {hex}", service="waybill", resource="{ip}"),
    ),
    kind(
        "es cluster cn", 10,
        says("Elasticsearch 集群状态异常", "集群 es-track 状态 yellow,未分配分片 {n}", service="es-track",
             resource="es-track"),
    ),
    kind(
        "host cpu cn", 12,
        says("主机 CPU 使用率过高", "主机 gis-{n} CPU 使用率 {pct}%,负载 {m}", service="gis", resource="gis-{n}"),
    ),
    kind(
        "host disk cn", 12,
        says("主机磁盘使用率过高", "主机 gis-{n} 分区 /data 使用率 {pct}%", service="gis", resource="gis-{n}"),
    ),
    kind(
        "gps stream", 10,
        says("GPS 上报数据中断", "车队 {n} 已 {secs} 秒没有数据", service="gps", resource="fleet-{n}"),
    ),
)  # fmt: skip

STORMS: dict[str, tuple[Kind, ...]] = {"region": REGION, "logistics": LOGISTICS}
