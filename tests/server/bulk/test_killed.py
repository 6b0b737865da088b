"""A process that carries a list out is killed, as by a power cut; another one goes on."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import func, select

from fakes.databases import SECRET_KEY
from fakes.town import AUTHORISED
from server.bulk.models import BulkList, BulkRow
from server.bulk.working import ListState, work_at_open
from server.passholders.models import Passholder

from .test_lists import Office, row, wait_for

CARRY_OUT = """
import sys
from server.bulk.working import work_at
from server.kernel.database import Database
from server.kernel.vault import Vault
work_at(Database(sys.argv[1], Vault(bytes.fromhex(sys.argv[2]))), int(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_killed_process_leaves_every_row_done_or_not_and_none_twice(database, database_url, town):
    desk = town.desk(AUTHORISED)
    office = Office(database, desk)
    count = 300
    wanted = office.look(*(row(n, town.card(desk)) for n in range(1, count + 1)))
    assert office.order(wanted)
    arguments = [sys.executable, "-c", CARRY_OUT, database_url, SECRET_KEY.hex(), str(wanted)]
    process = subprocess.Popen(arguments)
    try:
        wait_for(lambda: office.counts(wanted)[4] > 0)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    done = office.counts(wanted)[4]
    assert 0 < done < count, "it was killed in the middle"
    assert office.number_of(Passholder) == done
    with database.writing() as session:
        session.get_one(BulkList, wanted).claimed = datetime.now(UTC) - timedelta(seconds=1)
    work_at_open(database)
    assert office.counts(wanted) == (ListState.DONE, count, count, 0, count, 0)
    assert office.number_of(Passholder) == count
    with database.reading() as session:
        people = session.exec(select(func.count(BulkRow.passholder_ref.distinct()))).one()
        assert people == count
