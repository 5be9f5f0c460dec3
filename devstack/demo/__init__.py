"""`clickstream demo`: the whole platform on live traffic, and at the end the proof that nothing was lost or doubled."""
