"""A deterministic model of web-shop traffic, with exact answers to what it sent.

`model.TrafficModel` says how much and by whom, `traffic.generate` makes its records in chunks,
`kafka_writer.KafkaWriter` sends them, `tally.Tally` counts them and `report.report` turns the counts into
`answers.Answers`. Nothing is imported here: the command line loads this package each time, and numpy takes a while.
"""
