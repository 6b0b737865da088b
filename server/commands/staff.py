"""`zuil-server staff add`: let someone in; how the first administrator comes."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Final

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.commands.common import Commands, no_such_system, opened
from server.counters.models import Counter
from server.kernel.addresses import is_email
from server.migrations.run import require_current
from server.organisation.membership import Deed, Place, add_member
from server.settings import Settings
from server.staff.roles import Role

WRONG_ARGUMENT: Final = 2
_WHERE: Final = {
    Role.BALIE: "--counter",
    Role.COUNTER_ADMIN: "--counter",
    Role.KSB: "--system",
    Role.TECHNICIAN: "--system",
}


class WrongArgumentError(Exception):
    """An argument is wrong, or does not go with the others; str() is one sentence."""


def register(commands: Commands) -> None:
    """Add the command."""
    actions = commands.add_parser("staff", help="people who log in").add_subparsers(
        required=True, metavar="action"
    )
    parser = actions.add_parser("add", help="give someone a function; the first administrator comes this way")
    parser.add_argument("--name", required=True, help="first name and last name")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--uitid", help="the subject that the login server gives")
    who.add_argument("--email", help="whoever first logs in with this address, verified, is this person")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--counter", metavar="ID|NAME", help="where a balie member works")
    parser.add_argument("--system", type=int, metavar="ID", help="the card system of a ksb or technician")
    parser.set_defaults(run=add)


def add(settings: Settings, arguments: argparse.Namespace) -> int:
    """Give someone a function; 0 when he has it now, 2 when an argument is wrong."""
    name, role = " ".join(arguments.name.split()), Role(arguments.role)
    with opened(settings) as database:
        require_current(database)
        with database.writing() as session:
            try:
                _check(name, arguments.email, arguments.uitid)
                place = _place(session, role, arguments.counter, arguments.system)
            except WrongArgumentError as error:
                sys.stderr.write(f"zuil-server: {error}\n")
                return WRONG_ARGUMENT
            is_new = add_member(
                session, place, role, name, _deed(), uitid=arguments.uitid, email=arguments.email
            )
    who = arguments.email or arguments.uitid
    if is_new:
        sys.stdout.write(f"{name} ({who}) is {role.value} from the first login on.\n")
    else:
        sys.stdout.write(f"{name} ({who}) already is {role.value} there; nothing has changed.\n")
    return 0


def _check(name: str, email: str | None, uitid: str | None) -> None:
    if not name:
        raise WrongArgumentError("--name is empty.")
    if uitid is not None and not uitid.strip():
        raise WrongArgumentError("--uitid is empty.")
    if email is not None and not is_email(email):
        raise WrongArgumentError(f"{email!r} is not an e-mail address.")


def _place(session: Session, role: Role, counter: str | None, system: int | None) -> Place:
    needed = _WHERE.get(role)
    given = {"--counter": counter, "--system": system}
    if needed is not None and given[needed] is None:
        raise WrongArgumentError(f"The role {role.value} needs {needed}.")
    for option, value in given.items():
        if option != needed and value is not None:
            raise WrongArgumentError(f"The role {role.value} takes no {option}.")
    if counter is not None:
        return Place(counter_id=_counter(session, counter))
    if system is not None and session.get(CardSystem, system) is None:
        raise WrongArgumentError(no_such_system(session, system))
    return Place(card_system_id=system)


def _counter(session: Session, text: str) -> int:
    if text.isdecimal() and (found := session.get(Counter, int(text))) is not None:
        return found.id or 0
    named = session.exec(select(Counter).where(col(Counter.name) == text)).all()
    if len(named) != 1:
        raise WrongArgumentError(f"There {'is no' if not named else 'is more than one'} counter {text}.")
    return named[0].id or 0


def _deed() -> Deed:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number without a name.
        user = "?"
    return Deed(by=f"zuil-server, user {user}")
