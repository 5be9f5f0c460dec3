"""What the collector knows of a visitor: the address, where that is, the browser, and whether it may be kept."""
