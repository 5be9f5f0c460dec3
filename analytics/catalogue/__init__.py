"""The catalogue: scenarios, items, models, experiments and user profiles, as MongoDB keeps them.

`documents`, `experiments` and `models` say what they hold, `kinds` what each kind allows, `store` reads and changes one
kind by compare-and-set, `catalogue` has all five. HTTP (analytics.routes) and gRPC (analytics.rpc) are thin over it.
"""
