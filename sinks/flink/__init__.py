"""The sinks as parts of a Flink job. `ClickHouseSink` is all that another job needs.

sink = ClickHouseSink(IngestConfig(ClickHouseSinkConfig.to(urls, "orders_local"), JsonRows(epoch), "orders"), kafka)
outcomes = sink.write(tables, source)            # a Table with value, partition, offset, timestamp
keep(outcomes, dead_letters, kafka)              # files, topics, alarm
"""
