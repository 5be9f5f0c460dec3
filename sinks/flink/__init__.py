"""The sinks as parts of a Flink job. `ClickHouseSink` is all that another job needs.

config = IngestConfig(ClickHouseSinkConfig.to(urls, "orders_local"), JsonRows(epoch), "orders")
sink = ClickHouseSink(config, kafka, dead_letters)
outcomes = sink.write(tables, source)             # a Table with value, partition, offset, timestamp
keep(outcomes, dead_letters, kafka, "Orders")     # files, topics, alarm
"""
