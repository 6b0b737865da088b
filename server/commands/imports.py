"""`zuil-server events import` and `zuil-server cards import`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from server.cards.stock import StockReport, UnknownCardSystemError, import_stock
from server.cards.supplier import lines_of
from server.commands.common import Commands, no_such_system, opened
from server.commands.table import print_rows
from server.events.importing import ReportLine, Result, import_source
from server.events.sources import SourceError
from server.events.udb3 import UitpasReason
from server.migrations.run import require_current
from server.settings import Settings

_EVENT_WIDTHS: Final = (48, 9, 16)
_NOT_OFFERED: Final = {
    UitpasReason.SWITCHED_OFF: "Its labels say that it takes no part in UiTPAS.",
    UitpasReason.NO_ORGANIZER: "Not offered: no label of a card system here, and no organiser.",
    UitpasReason.NO_PRICE: "Not offered: no label of a card system here, and no base price.",
    UitpasReason.NO_CARD_SYSTEM: "Not offered: neither labels nor organiser belong to a card system here.",
}
_CARD_WIDTHS: Final = (8, 16, 40)


def register(commands: Commands) -> None:
    """Add both commands."""
    events = commands.add_parser("events", help="events of UiTdatabank").add_subparsers(
        required=True, metavar="action"
    )
    parser = events.add_parser("import", help="import UiTdatabank JSON-LD; can be repeated at any time")
    parser.add_argument("source", nargs="+", help="a file, a folder, or the address of a search API")
    parser.add_argument(
        "--fill",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="a value for a %%{NAME} placeholder",
    )
    parser.add_argument("--quiet", action="store_true", help="leave unchanged documents out of the table")
    parser.set_defaults(run=import_events)
    cards = commands.add_parser("cards", help="cards").add_subparsers(required=True, metavar="action")
    parser = cards.add_parser("import", help='bring the supplier\'s list ("chip";"number") into stock')
    parser.add_argument("file", type=Path)
    parser.add_argument("--system", type=int, required=True, metavar="ID", help="the card system")
    parser.add_argument(
        "--only-good", action="store_true", help="import the good lines of a list with bad ones"
    )
    parser.set_defaults(run=import_cards)


def import_events(settings: Settings, arguments: argparse.Namespace) -> int:
    """Import every source; 0 when all of them could be read, whatever was in them, else 1."""
    totals: Counter[Result] = Counter()
    complete = True
    with opened(settings) as database:
        require_current(database)
        for source in arguments.source:
            lines = import_source(
                database,
                source,
                now=datetime.now(UTC),
                client_id=settings.search_key or "",
                values=dict(arguments.fill),
            )
            try:
                print_rows(_event_rows(lines, totals, quiet=arguments.quiet), _EVENT_WIDTHS)
            except SourceError as error:
                sys.stderr.write(f"zuil-server: {error}\n")
                complete = False
    sys.stdout.write("Documents: " + ", ".join(f"{totals[result]} {result}" for result in Result) + ".\n")
    if complete and totals.total() == totals[Result.REFUSED]:
        sys.stderr.write("zuil-server: there was no document that can be used.\n")
        complete = False
    return 0 if complete else 1


def import_cards(settings: Settings, arguments: argparse.Namespace) -> int:
    """Import a list; 0 when it was written, 1 when it was held back or cannot be read, 2: no such system."""
    with opened(settings) as database:
        require_current(database)
        try:
            lines = lines_of(arguments.file.read_bytes())
            report = import_stock(database, arguments.system, lines, only_good=arguments.only_good)
        except OSError as error:
            sys.stderr.write(f"zuil-server: {arguments.file} cannot be read: {error.strerror}.\n")
            return 1
        except UnknownCardSystemError:
            with database.reading() as session:
                sys.stderr.write(f"zuil-server: {no_such_system(session, arguments.system)}\n")
            return 2
    _print_stock(report)
    if report.written and not report.created + report.completed + report.known:
        sys.stderr.write(f"zuil-server: {arguments.file} holds no cards.\n")
        return 1
    return 0 if report.written else 1


def _event_rows(
    lines: Iterable[ReportLine], totals: Counter[Result], *, quiet: bool
) -> Iterator[tuple[str, str, str, str]]:
    for line in lines:
        totals[line.result] += line.count
        if quiet and line.result is Result.UNCHANGED:
            continue
        offered = [_NOT_OFFERED[line.uitpas]] if line.uitpas in _NOT_OFFERED else []
        why = " ".join([*offered, *(f"[{reason.code}] {reason.sentence}" for reason in line.reasons)])
        name = line.name if line.count == 1 else f"{line.name} ({line.count} documents)"
        yield name, line.result.value, line.uitpas.value if line.uitpas else "", why


def _print_stock(report: StockReport) -> None:
    print_rows(((f"line {bad.line}", bad.fault, bad.text, bad.sentence) for bad in report.bad), _CARD_WIDTHS)
    if report.written:
        counts = f"{report.created} new, {report.completed} completed, {report.known} known"
        sys.stdout.write(f"Lines: {counts}, {len(report.bad)} bad.\n")
        return
    good = report.created + report.completed + report.known
    bad = len(report.bad)
    sys.stdout.write(
        f"Nothing was imported: {bad} bad line{'s' * (bad != 1)}, {good} good one{'s' * (good != 1)}.\n"
        "Correct the list, or import its good lines with --only-good.\n"
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
