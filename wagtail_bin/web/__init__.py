"""Rim: the public site."""
