#!/usr/bin/env python
"""Django's command line for the example site."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings.demo")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
