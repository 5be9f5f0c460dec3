"""One server a file: how it is prepared, started and known to be ready."""
