"""How events are laid out in ClickHouse: what other layouts would cost."""
