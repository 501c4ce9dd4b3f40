"""`python -m daemon` and the `azimut-support` command."""

from __future__ import annotations

import sys

from daemon import cli


def main() -> None:
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
