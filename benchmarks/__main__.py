"""How fast and how large, and how safe: each in a process of its own.

    python -m benchmarks import 10000
    python -m benchmarks mail 1000 10000
    python -m benchmarks pages
    python -m benchmarks chaos --seeds 1 --recipients 200 --kills 20

On SQLite, or where ``DATABASE_URL`` points. The first three print tables.
"""

from __future__ import annotations

import sys

from benchmarks import chaos, imports, mail, pages


def main() -> None:
    """Run one benchmark, in a database that is removed afterwards."""
    name, *arguments = sys.argv[1:]
    benchmark = {"chaos": chaos, "import": imports, "mail": mail, "pages": pages}[name]
    benchmark.main(arguments)


if __name__ == "__main__":
    main()
