"""A Python worker process of Flink, made ready for micro-batches."""

import gc
import logging
import os
import threading
import traceback
from typing import NoReturn

from clickstream import lifeline

logger = logging.getLogger(__name__)

# A micro-batch makes tens of thousands of objects that live until its end, and hardly any cycle. With Python's own
# 700 the collector would look at them a dozen times each: a quarter of the time of the join's steps.
COLLECT_AFTER = (50_000, 20, 50)

FLUSH_SECONDS = 5.0


def begin() -> None:
    """Tie this process to its TaskManager, and let it collect garbage seldom. Call it when a function opens."""
    lifeline.follow()
    gc.set_threshold(*COLLECT_AFTER)
    gc.freeze()  # what was imported by now stays


def place_of(error: BaseException) -> str:
    """Kind of an error and where it was raised, without its text: that may hold what a user sent."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(map(place_of, error.exceptions)))
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} ({f'{frames[-1].filename}:{frames[-1].lineno}' if frames else 'nowhere'})"


def end(why: str) -> NoReturn:
    """End this process at once: Flink restarts the job from its last checkpoint.

    For where nothing may be raised, because Flink would put the data in hand into the log beside the error.
    """
    logger.critical("this worker ends: %s", why)
    # Flink's handler sends what waits, and waits itself until that was taken: perhaps for ever.
    flush = threading.Thread(target=logging.shutdown, name="last words", daemon=True)
    flush.start()
    flush.join(FLUSH_SECONDS)
    os._exit(70)
