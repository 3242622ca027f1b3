"""How fast and how large, and how safe: each in a process of its own.

    python -m benchmarks import 10000
    python -m benchmarks mail 1000 10000
    python -m benchmarks chaos --seeds 1 --recipients 200 --kills 20

On SQLite, or where ``DATABASE_URL`` points. The first two print tables.
"""

from __future__ import annotations

import sys

from benchmarks import chaos, imports, mail


def main() -> None:
    """Run one benchmark, in a database that is removed afterwards."""
    name, *arguments = sys.argv[1:]
    {"chaos": chaos, "import": imports, "mail": mail}[name].main(arguments)


if __name__ == "__main__":
    main()
