"""Neighbourhood information networks (BIN, PLP) for Wagtail."""

__version__ = "0.1.0"
