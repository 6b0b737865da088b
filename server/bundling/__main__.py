"""The command `zuil-release`: make a key pair, build a signed bundle of the zuil's program, look into one.

It belongs on the machine of who signs releases. The secret key never goes to a server or a zuil.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from server.bundling.building import Recipe, build
from server.bundling.keys import KeyFileError, make_key, read_key
from shared.domain.releases import parse_keys
from shared.wire.bundles import SUFFIX, Bundle, BundleError

_TREE: Final = Path(__file__).parents[2]
_WRONG: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one action; 1 it cannot be done, 2 an argument is wrong."""
    options = _parser().parse_args(arguments)
    try:
        lines: Sequence[str] = options.run(options)
    except (BundleError, KeyFileError, OSError) as error:
        sys.stderr.write(f"zuil-release: {error}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"zuil-release: {error}.\n")
        return _WRONG
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zuil-release", description="Releases of the zuil's program.")
    actions = parser.add_subparsers(required=True, metavar="action")
    key = actions.add_parser("key", help="make a key pair; prints the public key, for zuilen and server")
    key.add_argument("file", type=Path, help="where the secret key goes; keep it off every server")
    key.set_defaults(run=_key)
    made = actions.add_parser("build", help="build a signed bundle from the sources")
    made.add_argument("--key", type=Path, required=True, metavar="FILE", help="the secret key")
    made.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where the bundle goes")
    made.add_argument("--tree", type=Path, default=_TREE, metavar="FOLDER", help="the sources")
    made.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="libraries that go along, unpacked wheels"
    )
    made.add_argument("--machine", default="", help="what the wheels are for, such as aarch64")
    made.add_argument("--python", default="", help="what the wheels are for, such as 3.11")
    made.add_argument("--minimum", default="", metavar="VERSION", help="the oldest version that may take it")
    made.add_argument("--notes", default="", help="what is new, in a sentence for technicians")
    made.add_argument("--next-key", action="append", default=[], metavar="HEX", help=_NEXT_KEY)
    made.set_defaults(run=_build)
    show = actions.add_parser("show", help="check a bundle and say what it is")
    show.add_argument("file", type=Path)
    show.add_argument("--public", required=True, action="append", metavar="HEX", help="a trusted public key")
    show.set_defaults(run=_show)
    return parser


_NEXT_KEY: Final = (
    "a public key that zuilen with this release take the next one under, instead of theirs; give the old one"
    " too while both are in use"
)


def _key(options: argparse.Namespace) -> list[str]:
    return [make_key(options.file)]


def _build(options: argparse.Namespace) -> list[str]:
    secret, _ = read_key(options.key)
    wheels = sorted(options.wheels.glob("*.whl")) if options.wheels else []
    if wheels and not (options.machine and options.python):
        raise ValueError("with --wheels, say with --machine and --python what they are for")
    recipe = Recipe(
        tree=options.tree,
        wheels=wheels,
        machine=options.machine,
        python=options.python,
        minimum=options.minimum,
        notes=options.notes,
        keys=parse_keys(" ".join(options.next_key)),
    )
    manifest, content = build(recipe, secret)
    file = options.out / f"zuil-{manifest.version}{SUFFIX}"
    file.write_bytes(content)
    return [f"{file}  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}"]


def _show(options: argparse.Namespace) -> list[str]:
    with options.file.open("rb") as stream:
        bundle = Bundle(stream, parse_keys(" ".join(options.public)))
        count = sum(1 for _ in bundle.files())
    one = bundle.manifest
    formats = ", ".join(f"{name} {writes} (reads {reads})" for name, (writes, reads) in one.formats.items())
    return [
        f"version   {one.version}",
        f"signed    {bundle.key}",
        f"files     {count}, {one.unpacked} bytes",
        f"formats   {formats}",
        f"asks      machine {one.machine or '-'}, Python {one.python or '-'}, minimum {one.minimum or '-'}",
        f"notes     {one.notes or '-'}",
        *(f"next key  {key}" for key in one.keys),
    ]


if __name__ == "__main__":
    sys.exit(main())
