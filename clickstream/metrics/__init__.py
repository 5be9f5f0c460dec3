"""Live metrics: a rolling window of one-minute buckets by event time, and the closed minutes one by one.

A late event is one whose minute ended a given time before the greatest event time that its own ODS partition had
reached. That depends on the partition's content alone, so a restart judges as the first attempt did. A minute is closed
when every ODS partition has gone past it by that time: then no event that is not late can still come, and its final
record is a function of the topic. Late events are counted apart, and follow in corrections.

Where DWD has another number of partitions than ODS, several of its partitions carry one of ODS, and which is read first
is chance: so each such stream is judged by its own greatest event time, and waited for, by itself.
"""
