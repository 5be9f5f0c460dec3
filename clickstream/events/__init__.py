"""The behaviour event: its fields, its validation on the hot path, its model at the edges."""
