"""The command `evdsl`. `--version` is answered before anything else is imported."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the exit code as section 10 of docs/language.md says."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from .version import __version__

        print(f"evdsl {__version__}")
        return 0
    from .faces.cli import main as command

    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
