"""`make demo`: a server and two virtual zuilen on this machine, ready to play with.

Every part is the real program in a process of its own. Ctrl-C stops all of it; a second start
goes on where the first stopped.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

PORT: Final = 8080
_STOPPED: Final = "\nThe demo has stopped. `make demo` goes on where it was.\n"


def main() -> int:
    """Run the demo; 0 when it was stopped by hand or the script went as expected, 1 otherwise."""
    arguments = _parser().parse_args()
    _on_signals(_leave)
    # Here, so that Ctrl-C in the second that it takes is answered too.
    from server.demo.installation import run

    folder = arguments.folder.absolute() / ("script" if arguments.script else "demo")
    try:
        _on_signals(_interrupt)
        return run(folder, arguments.port, fresh=arguments.fresh, script=arguments.script)
    except KeyboardInterrupt:
        sys.stdout.write(_STOPPED)
        return 0


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    # A terminal that is closed must leave no server behind; `nohup` says that it is to go on.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End at once, while nothing was started: an exception would surface in the middle of some import."""
    sys.stdout.write(_STOPPED)
    sys.stdout.flush()
    os._exit(0)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--script", action="store_true", help="play a fixed story without a person and judge it"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"port of the server ({PORT}); the zuilen take the next two"
    )
    parser.add_argument("--folder", type=Path, default=Path("var"), help="where the data is kept (var)")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
