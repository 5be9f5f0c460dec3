"""The demo's shop: a page with the tracker's tag whose lists are read live from Redis."""
