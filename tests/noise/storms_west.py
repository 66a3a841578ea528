"""Storms told in English: a database that fails over, a rack that goes dark, a bad rollout, full disks."""

from __future__ import annotations

from tests.noise.kinds import Kind, kind, says

DATABASE = (
    kind(
        "orders-db replication", 18,
        says("MySQL replication lag on orders-db-{n}", "Replica orders-db-{n} is {secs}s behind its source.",
             service="orders-db", resource="orders-db-{n}"),
        says("MysqlReplicationLag", "orders-db-{n}.prod: seconds_behind_master is {secs}, threshold 60",
             service="orders-db", resource="orders-db-{n}.prod"),
    ),
    kind(
        "orders-db connections", 12,
        says("MySQL connections near limit on orders-db-{n}", "{pct}% of max_connections are used on orders-db-{n}.",
             service="orders-db", resource="orders-db-{n}"),
    ),
    kind(
        "orders-api errors", 22,
        says("HighErrorRate orders-api", "{pct}% of requests to orders-api answer with 5xx in az-{az}.",
             service="orders-api", resource="orders-api-{pod}"),
        says("orders-api 5xx rate is high", "5xx responses of orders-api are above 5% for {m} minutes ({pct}%).",
             service="orders-api"),
    ),
    kind(
        "cart-api errors", 14,
        says("HighErrorRate cart-api", "{pct}% of requests to cart-api answer with 5xx in az-{az}.",
             service="cart-api", resource="cart-api-{pod}"),
    ),
    kind(
        "checkout latency", 16,
        says("HighLatency checkout", "p99 latency of checkout is {secs} ms, objective 800 ms",
             service="checkout", resource="checkout-{pod}"),
        says("Latency SLO burn: checkout", "Error budget of checkout latency burns {m}x too fast.", service="checkout"),
    ),
    kind(
        "orders queue", 12,
        says("RabbitMQ queue orders.created is growing", "{big} messages ready in orders.created on rabbit@mq-{n}",
             service="rabbitmq", resource="orders.created"),
    ),
)  # fmt: skip

RACK = (
    kind(
        "rack 12 hosts down", 30,
        says("Host web-r12-{n} is unreachable", "ICMP: no answer from {ip} for {m} minutes. Rack r12.",
             resource="web-r12-{n}", rack="r12"),
        says("web-r12-{n}: Zabbix agent is not available (for {m}m)", "Last value: not available. Host group: Rack r12",
             resource="web-r12-{n}"),
    ),
    kind(
        "switch sw-r12", 10,
        says("Interface Gi1/0/{n} on sw-r12 is down", "sw-r12 ({ip}): ifOperStatus of Gi1/0/{n} changed to down",
             resource="sw-r12"),
    ),
    kind(
        "bgp to carrier", 9,
        says("BGP session with AS{big} is down", "edge-{m}: neighbor {ip} went from Established to Idle",
             resource="edge-{m}"),
    ),
    kind(
        "elasticsearch cluster", 12,
        says("Elasticsearch cluster logs is yellow", "{n} unassigned shards in cluster logs", service="elasticsearch",
             resource="logs"),
        says("ElasticsearchUnassignedShards", "Cluster logs has {n} unassigned shards, node es-{n} left",
             service="elasticsearch", resource="logs"),
    ),
    kind(
        "dns", 12,
        says("DNS resolution fails on resolver-{m}", "SERVFAIL for {pct}% of queries at {ip}", service="dns",
             resource="resolver-{m}"),
    ),
)  # fmt: skip

ROLLOUT = (
    kind(
        "search crash loop", 24,
        says("KubePodCrashLooping", "Pod shop/search-{pod} (search) is restarting {m} times / 10 minutes.",
             service="search", resource="search-{pod}"),
        says("Pod search-{pod} is crash looping",
             "Back-off {secs}s restarting failed container=search pod=search-{pod}",
             service="search", resource="search-{pod}"),
    ),
    kind(
        "recommend crash loop", 14,
        says("KubePodCrashLooping", "Pod shop/recommend-{pod} (recommend) is restarting {m} times / 10 minutes.",
             service="recommend", resource="recommend-{pod}"),
    ),
    kind(
        "search memory", 12,
        says("ContainerOOMKilled", "Container search in pod search-{pod} was OOM killed (limit 512Mi)",
             service="search", resource="search-{pod}"),
    ),
    kind(
        "search errors", 14,
        says("HighErrorRate search", "{pct}% of requests to search answer with 5xx in az-{az}.", service="search"),
    ),
    kind(
        "node pressure", 16,
        says("Node ip-10-2-{n}-{m} has DiskPressure", "kubelet of ip-10-2-{n}-{m} reports DiskPressure since {time}",
             resource="ip-10-2-{n}-{m}"),
    ),
    kind(
        "certificate api", 8,
        says("TLS certificate of api.example.com expires soon", "It expires in {m} days, serial {hex}.",
             resource="api.example.com"),
    ),
    kind(
        "certificate mail", 8,
        says("TLS certificate of mail.example.com expires soon", "It expires in {m} days, serial {hex}.",
             resource="mail.example.com"),
    ),
)  # fmt: skip

DISKS = (
    kind(
        "kafka disk", 18,
        says("Disk space low on kafka-{n}", "/var/lib/kafka is {pct}% full on kafka-{n}, {m} GiB left",
             service="kafka", resource="kafka-{n}"),
        says("NodeFilesystemAlmostOutOfSpace", "Filesystem on /dev/nvme{m}n1 at kafka-{n} has only {m}% space left.",
             service="kafka", resource="kafka-{n}"),
    ),
    kind(
        "kafka lag", 12,
        says("Consumer group billing lags on topic payments", "Lag is {big} messages on partition {n}",
             service="billing", resource="payments"),
    ),
    kind(
        "log disk", 16,
        says("Disk space low on log-{n}", "/var/log is {pct}% full on log-{n}, {m} GiB left", service="logging",
             resource="log-{n}"),
    ),
    kind(
        "backup failed", 10,
        says("Backup of crm-db failed", "Job {uuid} ended with exit code {m} at {time}", service="backup",
             resource="crm-db"),
    ),
    kind(
        "etl failed", 10,
        says("Airflow task load_sales failed", "dag=nightly_sales task=load_sales run={uuid} try {m}",
             service="airflow", resource="nightly_sales"),
    ),
    kind(
        "cpu api", 14,
        says('ALARM: "api-cpu-high" in EU (Ireland)',
             "Threshold Crossed: 1 datapoint [{pct} ({time})] was greater than "
             "the threshold (80.0). InstanceId i-0{hex}", service="api", resource="i-0{hex}"),
    ),
)  # fmt: skip

STORMS: dict[str, tuple[Kind, ...]] = {"database": DATABASE, "rack": RACK, "rollout": ROLLOUT, "disks": DISKS}
