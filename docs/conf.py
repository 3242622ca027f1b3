"""Sphinx: ``make docs``."""

from wagtail_bin import __version__

project = "wagtail_bin"
copyright = "wagtail_bin contributors"  # noqa: A001 -- Sphinx's name
release = version = __version__
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["_build"]
# The README stands outside of the documentation.
suppress_warnings = ["myst.xref_missing"]
