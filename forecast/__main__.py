"""``python -m forecast``: the command line.

Invariant: it is ``dabiao`` under another name (held by ``tests/test_cli_help.py``).
"""

from __future__ import annotations

from forecast.cli import main

if __name__ == "__main__":
    main()
