"""May this person be contacted, by which channel, in which language."""
