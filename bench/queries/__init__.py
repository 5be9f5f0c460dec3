"""How long the dashboard's questions take, beside the same asked in the published SQL's way."""
