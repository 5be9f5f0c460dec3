"""Users' recent items: the last distinct items that each viewed or clicked, by event time.

An item's place is the time of its newest event, so merging is idempotent and commutes: neither a replay nor a duplicate
nor the order of arrival can change a list, and nothing has to be remembered to keep them out.
"""
