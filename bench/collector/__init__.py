"""`make bench-collector`: the collector against a bare handler that checks nothing but JSON."""
