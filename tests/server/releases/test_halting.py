"""A roll-out that makes zuilen worse halts by itself, and who watches over them hears it."""

import time

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from fakes.crowd import add_crowd
from fakes.databases import SECRET_KEY
from fakes.releases import PUBLIC
from fakes.scene import add_region
from server.__main__ import main
from server.jobs.rollouts import judge_rollouts
from server.kernel.audit import AuditEntry
from server.kiosks.models import Kiosk, KioskLive
from server.monitor.models import AlertWish, Incident, IncidentKiosk, KioskWatch, Notice
from server.monitor.runner import look
from server.releases.models import KioskRelease, Rollout
from server.releases.progress import LOST_MILLIS, progress_of
from server.staff.models import Staff, StaffRole


@pytest.fixture
def crowd(database):
    """Return the numbers of forty zuilen in use, at one counter of card system 5."""
    with database.writing() as session:
        counter = add_region(session)
    add_crowd(database, 40, counter=counter)
    with database.reading() as session:
        return list(session.exec(select(Kiosk.number).order_by(col(Kiosk.number))))


def now():
    return time.time_ns() // 1_000_000


def say(database, kiosks, rollout, step, *, at=None):
    """Have zuilen be at a step of a roll-out."""
    told = {"version": "1.4.0", "step": step, "began": at, "at": at or now()}
    with database.writing() as session:
        told["offer"] = session.get_one(Rollout, rollout).offer
        for kiosk in kiosks:
            session.merge(KioskRelease(kiosk=kiosk, **told))
            session.get_one(KioskLive, kiosk).version = "1.4.0" if step == "done" else "1"


def be(database, kiosks, state):
    """Have zuilen come into a state now."""
    with database.writing() as session:
        rows = update(KioskWatch).where(col(KioskWatch.kiosk).in_(kiosks))
        session.execute(rows.values(state=state, causes="reader", since=now() + 1))


def judged(database, rollout):
    judge_rollouts(database, None)
    with database.reading() as session:
        found = session.get_one(Rollout, rollout)
        return found.state, found.reason


def incidents(database):
    with database.reading() as session:
        return [
            (one.scope, one.cause, one.kiosks, one.closed is not None)
            for one in session.exec(select(Incident).order_by(col(Incident.id)))
        ]


def deeds(database):
    with database.reading() as session:
        query = select(AuditEntry).where(AuditEntry.subject_kind == "rollout").order_by(col(AuditEntry.at))
        return [entry.action for entry in session.exec(query)]


def test_a_rollout_that_goes_well_goes_on(database, crowd, roll_out):
    rollout = roll_out("1.4.0", percent=50)
    say(database, crowd[:20], rollout, "done")
    assert judged(database, rollout) == ("running", "")
    with database.reading() as session:
        found = progress_of(session, session.get_one(Rollout, rollout), now())
    assert (found.scope, found.tried, found.failed, found.updated.count) == (40, 20, 0, 20)
    assert incidents(database) == []


def test_a_rollout_in_figures_tells_apart_who_is_done_busy_back_lost_and_unwilling(database, crowd, roll_out):
    rollout = roll_out("1.4.0", percent=100)
    for zuilen, step in ((crowd[:9], "done"), (crowd[9:11], "fetching"), (crowd[11:12], "proving")):
        say(database, zuilen, rollout, step)
    say(database, crowd[12:14], rollout, "failed")
    say(database, crowd[14:15], rollout, "refused")
    say(database, crowd[15:16], rollout, "switching", at=now() - LOST_MILLIS - 5_000)
    with database.writing() as session:
        rows = update(KioskWatch).where(col(KioskWatch.kiosk) == crowd[15])
        session.execute(rows.values(heard=now() - LOST_MILLIS - 10_000))
    with database.reading() as session:
        found = progress_of(session, session.get_one(Rollout, rollout), now())
    assert (found.updated.count, found.busy, found.back, found.lost, found.refused) == (9, 3, 2, 1, 1)


def test_zuilen_that_go_back_halt_it_and_that_is_told_once(database, crowd, roll_out):
    with database.writing() as session:
        session.add(Staff(id=9, uitid="t", name="Tom", email="tom@uitpas.test"))
        session.flush()
        session.add(StaffRole(staff_id=9, role="technician", card_system_id=5))
        session.add(AlertWish(staff_id=9, card_system_id=5, state="error", rhythm="now"))
    rollout = roll_out("1.4.0", percent=50)
    say(database, crowd[:8], rollout, "done")
    say(database, crowd[8:10], rollout, "failed")
    assert judged(database, rollout) == ("halted", "failed")
    judge_rollouts(database, None)
    look(database, now() + 60_000)
    assert incidents(database) == [("rollout", "release", 2, False)]
    with database.reading() as session:
        assert set(session.exec(select(IncidentKiosk.kiosk))) == set(crowd[8:10])
        assert [(one.staff_id, one.moment) for one in session.exec(select(Notice))] == [(9, "opened")]
    assert deeds(database) == ["start-rollout", "halt-rollout"]


def test_zuilen_that_break_after_the_update_halt_it_when_the_others_do_not(database, crowd, roll_out):
    rollout = roll_out("1.4.0", percent=50)
    say(database, crowd[:20], rollout, "done")
    be(database, crowd[:3] + crowd[20:23], "error")
    assert judged(database, rollout) == ("running", ""), "the others break as often"
    be(database, crowd[20:23], "ok")
    be(database, crowd[:7], "offline")
    assert judged(database, rollout) == ("halted", "worse")
    assert incidents(database) == [("rollout", "release", 7, False)]


def test_what_was_broken_before_the_update_is_not_its_fault(database, crowd, roll_out):
    be(database, crowd[:10], "error")
    rollout = roll_out("1.4.0", percent=50)
    say(database, crowd[:20], rollout, "done", at=now() + 10_000)
    assert judged(database, rollout) == ("running", "")


def test_a_zuil_that_switched_and_is_never_heard_again_counts_as_failed(database, crowd, roll_out):
    rollout = roll_out("1.4.0", percent=10)
    say(database, crowd[:1], rollout, "switching", at=now() - LOST_MILLIS - 5_000)
    assert judged(database, rollout) == ("running", ""), "it was heard since"
    with database.writing() as session:
        rows = update(KioskWatch).where(col(KioskWatch.kiosk) == crowd[0])
        session.execute(rows.values(heard=now() - LOST_MILLIS - 10_000))
    assert judged(database, rollout) == ("halted", "failed")


@pytest.fixture
def run(database, tmp_path, monkeypatch, capsys):
    """Run `zuil-server releases …` on this database; return its exit code and what it said."""
    url = database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("ZUIL_DATABASE_URL", url)
    monkeypatch.setenv("ZUIL_SECRET_KEY", SECRET_KEY.hex())
    monkeypatch.setenv("ZUIL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ZUIL_RELEASE_KEYS", PUBLIC)

    def run(*arguments):
        code = main(["releases", *map(str, arguments)])
        said = capsys.readouterr()
        return code, (said.out + said.err).strip()

    return run


def test_the_command_adds_rolls_out_resumes_and_stops(database, crowd, bundles, run, tmp_path):
    file = tmp_path / "zuil-1.4.0.zuil"
    file.write_bytes(bundles["1.4.0"])
    assert run("add", file) == (0, "Version 1.4.0 is kept.")
    assert run("rollout", "1.4.0", "--percent", 10, "--system", 5)[0] == 0
    assert run("rollout", "9.9.9") == (2, "zuil-server: There is no version 9.9.9.")
    assert run("rollout", "1.4.0", "--percent", 0)[0] == 2
    assert run("rollout", "1.4.0", "--system", 6)[0] == 2
    assert run("widen", 1, "--percent", 5)[0] == 2
    assert run("widen", 1, "--percent", 20) == (0, "Roll-out 1 is running, 20 %.")
    say(database, crowd[:2], 1, "failed")
    assert judged(database, 1) == ("halted", "failed")
    assert run("pause", 1)[0] == 2
    assert run("resume", 1) == (0, "Roll-out 1 is running, 20 %.")
    assert incidents(database) == [("rollout", "release", 2, True)]
    assert judged(database, 1) == ("running", ""), "another try: who failed did not fail again yet"
    say(database, crowd[:2], 1, "failed")
    assert judged(database, 1) == ("halted", "failed")
    assert run("stop", 1) == (0, "Roll-out 1 is stopped, 20 %.")
    assert run("stop", 1)[0] == 2
    assert [one[-1] for one in incidents(database)] == [True, True]
    code, said = run("list")
    assert code == 0
    assert "roll-out 1: 1.4.0, stable, 20 %, stopped: on 0 of 40 zuilen, 2 went back" in said
    file.write_bytes(b"nonsense")
    assert run("add", file)[0] == 1
