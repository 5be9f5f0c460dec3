"""Messages and stubs of clickstream.catalogue.v1."""
