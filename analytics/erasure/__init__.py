"""Erases one user of a tenant from what the platform stores, and says what it cannot reach."""
