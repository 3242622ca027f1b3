"""Offices and their holders: who joins which group, and who follows whom."""
