"""Settings of the example site: base, demo, production, test."""
