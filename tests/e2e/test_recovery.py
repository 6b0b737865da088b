"""What comes back after something went wrong: backups, enrolments, clocks, secrets."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from fakes.system import CHIPS, rows, tap, wait_for, without_limit, wrong_balances
from server.demo.script import HALL, SIDE
from server.demo.stage import StageError


def handed_in(zuil):
    return zuil.state()["queue"] == 0


def sequence(system, zuil):
    kiosk = zuil.state()["kiosk"]
    return [
        seq
        for (seq,) in rows(system, "SELECT seq FROM checkin WHERE kiosk = :kiosk ORDER BY seq", kiosk=kiosk)
    ]


@pytest.mark.slow
def test_a_server_restored_from_an_older_backup_gets_everything_again(system, running, tmp_path):
    system.start_server(running)
    without_limit(system, HALL)
    system.start_zuil(HALL, running)
    zuil = system.zuilen[HALL]
    wait_for(lambda: zuil.state()["event"])
    for chip in CHIPS[:3]:
        tap(zuil, chip)
    wait_for(lambda: handed_in(zuil))

    database = Path(system.server.environment["ZUIL_DATA_DIR"]) / "server.db"
    system.server.stop()
    shutil.copy(database, tmp_path / "backup.db")
    system.server.start()
    for chip in CHIPS[:4]:
        tap(zuil, chip)
    wait_for(lambda: handed_in(zuil))
    assert sequence(system, zuil) == [1, 2, 3, 4, 5, 6, 7]

    system.server.stop()
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", database)
    system.server.run("feed", "new-epoch")
    before = zuil.state()["cursor"]
    system.server.start()

    wait_for(lambda: sequence(system, zuil) == [1, 2, 3, 4, 5, 6, 7])
    wait_for(lambda: zuil.state()["cursor"].partition(".")[0] != before.partition(".")[0])
    assert wrong_balances(system) == []


@pytest.mark.slow
def test_both_sides_compute_the_same_checksum(system_on_both, running):
    system_on_both.start(running)
    zuilen = [system_on_both.zuilen[name] for name in (HALL, SIDE)]
    wait_for(lambda: all(zuil.state()["event"] for zuil in zuilen))
    for zuil in zuilen:
        for chip in CHIPS:
            tap(zuil, chip)

    def equal() -> bool:
        heads = rows(system_on_both, "SELECT card_system_id, checksum FROM feed_head")
        ours = {str(system): f"{checksum % 2**64:016x}" for system, checksum in heads}
        return all(
            zuil.state()["checksums"] and zuil.state()["checksums"].items() <= ours.items() for zuil in zuilen
        )

    wait_for(equal)


def test_a_code_works_once(system, running, tmp_path):
    system.start_server(running)
    system.start_zuil(HALL, running)
    used = system._codes[HALL]
    with pytest.raises(StageError) as refused:
        system.zuilen[SIDE].provision(used)
    assert str(refused.value).count("\n") == 0
    assert str(refused.value).startswith("zuil-provision: ")


def test_a_zuil_with_a_wrong_clock_still_counts_at_the_right_time(system, running):
    system.start_server(running)
    system.start_zuil(HALL, running)
    zuil = system.zuilen[HALL]
    wait_for(lambda: zuil.state()["event"])
    zuil.send("clock", offset_seconds=-3 * 365 * 86_400)
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    wait_for(lambda: handed_in(zuil))
    ((at, wall, received),) = rows(system, "SELECT at, wall, received FROM checkin")
    assert abs(received - at) < 60_000
    assert received - wall > 2 * 365 * 86_400_000


def test_a_server_with_another_secret_key_says_so_and_does_not_start(system, running):
    system.start_server(running)
    system.server.stop()
    system.server.environment["ZUIL_SECRET_KEY"] = "ab" * 32
    with pytest.raises(StageError, match="ZUIL_SECRET_KEY"):
        system.server.start()


def test_a_server_with_a_newer_database_says_so_and_does_not_start(system, running):
    system.server.run("migrate")
    with sqlite3.connect(Path(system.server.environment["ZUIL_DATA_DIR"]) / "server.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StageError, match="newer"):
        system.server.start()
