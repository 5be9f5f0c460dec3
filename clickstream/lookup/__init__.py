"""What a recommender asks of Redis: hot items, live metrics, a user's recent items. One round trip each.

with Lookup.connect() as lookup:
    for item in lookup.hot_items("aurora", "home", 20):
        print(item.item_id, item.score)

AsyncLookup is the same with `await`. See docs/RECOMMENDER.md.
"""

from clickstream.lookup.asynchronous import AsyncLookup
from clickstream.lookup.results import HotItem, LiveMetrics
from clickstream.lookup.synchronous import Lookup

__all__ = ["AsyncLookup", "HotItem", "LiveMetrics", "Lookup"]
