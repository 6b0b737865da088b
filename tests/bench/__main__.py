"""`make bench`: every figure beside its baseline of the same run; exit code 1 when a target is missed.

ARGS="tap upload" runs only those.
"""

import importlib
import sys
from pathlib import Path


def main() -> int:
    known = sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))
    wanted = sys.argv[1:] or known
    if unknown := set(wanted) - set(known):
        print(
            f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(known)}.", file=sys.stderr
        )
        return 2
    missed = sum(importlib.import_module(f"tests.bench.bench_{name}").main() for name in wanted)
    print(f"\n{missed} target{'s' * (missed != 1)} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
