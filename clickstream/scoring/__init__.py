"""Hot scores: forward decay in the log domain.

The score of an item is log2 of the sum over its events of weight(action) * 2 ** (t / half-life), t in seconds since the
epoch (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009, without its landmark). It never changes while
nothing happens, so the order of items does not depend on "now"; late events commute; nothing overflows. What it is
worth at a time is 2 ** (score - time / half-life).
"""
