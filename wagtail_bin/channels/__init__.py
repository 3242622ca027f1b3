"""Adapters to the outside world. They know messages and never models."""
