"""Each job as it would be written first: single events through DataStream operators. Submitted, never imported."""
