"""Where events go: each sink answers only when it has them for good."""
