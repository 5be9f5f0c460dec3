"""A Python worker process of Flink, made ready for micro-batches."""

import gc

from clickstream import lifeline

# A micro-batch makes tens of thousands of objects that live until its end, and hardly any cycle. With Python's own
# 700 the collector would look at them a dozen times each: a quarter of the time of the join's steps.
COLLECT_AFTER = (50_000, 20, 50)


def begin() -> None:
    """Tie this process to its TaskManager, and let it collect garbage seldom. Call it when a function opens."""
    lifeline.follow()
    gc.set_threshold(*COLLECT_AFTER)
    gc.freeze()  # what was imported by now stays
