"""What the zuil asks of a Linux kernel, asked of this one, as far as a machine without hardware can."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.adapters import usb
from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from device.adapters.machine import SYS, PiMachine
from device.adapters.usb import reset_readers
from device.core.health import Fault
from device.ports import CacheError, JournalError
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, concert, row

HERE = Path(__file__).parents[2]
ROW = b'{"clock":{"wall":1,"monotonic":1,"boot":"x"}}'
RESET = """
import sys
from pathlib import Path
from device.adapters.usb import reset_readers
print(reset_readers(devices=Path(sys.argv[1]), nodes=Path(sys.argv[2])))
"""


@pytest.fixture
def bus(tmp_path):
    """The tree of a reader on USB, as sysfs shows it; its device node is an ordinary file."""
    device = tmp_path / "devices/1-1.2"
    device.mkdir(parents=True)
    for name, text in (("idVendor", "072f"), ("idProduct", "2200"), ("busnum", "1"), ("devnum", "12")):
        (device / name).write_text(f"{text}\n")
    (tmp_path / "devices/1-1.2:1.0").mkdir()
    node = tmp_path / "nodes/001/012"
    node.parent.mkdir(parents=True)
    node.touch()
    return tmp_path


def test_what_reaches_the_kernel_is_the_reset_of_that_one_device(bus):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is needed to see what reaches the kernel")
    done = subprocess.run(
        [
            strace,
            "-f",
            "-e",
            "trace=openat,ioctl",
            sys.executable,
            "-c",
            RESET,
            bus / "devices",
            bus / "nodes",
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("this machine lets nobody trace")
    opened = re.search(rf'"{bus}/nodes/001/012", O_WRONLY\|O_CLOEXEC\) = (\d+)', done.stderr)
    assert opened, done.stderr[-2000:]
    assert re.search(rf"ioctl\({opened[1]}, USBDEVFS_RESET, 0\)\s+= -1 ENOTTY", done.stderr)
    assert done.stdout.strip() == "0", "a node that cannot be reset was not reset"


def test_the_number_of_the_reset_is_that_of_the_kernels_own_header(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not Path("/usr/include/linux/usbdevice_fs.h").exists():
        pytest.skip("a C compiler and the kernel's headers are needed")
    source = tmp_path / "number.c"
    source.write_text(
        "#include <sys/ioctl.h>\n#include <linux/usbdevice_fs.h>\n#include <stdio.h>\n"
        'int main(void) { printf("%u", (unsigned)USBDEVFS_RESET); }\n'
    )
    subprocess.run([compiler, source, "-o", tmp_path / "number"], check=True)
    told = subprocess.run([tmp_path / "number"], capture_output=True, text=True, check=True).stdout
    assert int(told) == usb._USBDEVFS_RESET


def test_on_this_machine_it_finds_what_it_can_and_nothing_breaks(tmp_path):
    assert PiMachine(tmp_path, SYS, tmp_path).faults() <= {Fault.STORAGE_NEARLY_FULL, Fault.HEAT}
    assert reset_readers(("ffff", "ffff")) == 0


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, which a test can fill and make read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def remount(disk, how):
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def fill(disk):
    filler = disk / "filler"
    free = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
    return filler


def test_a_read_only_file_system_is_told_and_what_the_system_unit_runs_mends_it(disk, tmp_path):
    machine = PiMachine(disk, tmp_path / "sys", tmp_path)
    assert machine.faults() == frozenset()
    remount(disk, "ro")
    assert machine.faults() == {Fault.STORAGE_READ_ONLY}
    with pytest.raises(JournalError):
        SqliteJournal(disk / "journal.db")
    with pytest.raises((CacheError, OSError)):
        SqliteCache(disk / "cache.db")
    machine.ask_for_remount()
    path = (HERE / "systemd/zuil-remount.path").read_text()
    assert "PathExists=/run/zuil/remount" in path
    assert (tmp_path / "remount").exists()

    command = re.search(
        r"^ExecStart=-(.*)$", (HERE / "systemd/zuil-remount.service").read_text(), re.MULTILINE
    )
    *words, root = shlex.split(command[1])
    assert root == "/"
    subprocess.run([*words, disk], check=True)
    assert machine.faults() == frozenset()
    with closing(SqliteJournal(disk / "journal.db")) as journal:
        assert journal.append("a", ROW, None) == 1


def test_a_zuil_on_a_read_only_file_system_says_why_it_does_not_start(disk, tmp_path):
    remount(disk, "ro")
    boot = tmp_path / "boot"
    boot.mkdir()
    (boot / "zuil.toml").write_text('[server]\nurl = "http://127.0.0.1:9"\n')
    done = subprocess.run(
        [sys.executable, "-m", "device", "run", "--boot", boot, "--state", disk / "state", "--virtual"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode != 0
    assert "Read-only file system" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_system_without_a_byte_left_refuses_a_tap_and_takes_it_when_there_is_room(disk, tmp_path):
    machine = PiMachine(disk, tmp_path / "sys", tmp_path)
    with closing(SqliteJournal(disk / "journal.db")) as journal:
        assert journal.append("a", ROW, None) == 1
        filler = fill(disk)
        assert machine.faults() == {Fault.STORAGE_NEARLY_FULL}
        taken = 1
        with pytest.raises(JournalError, match="full"):  # noqa: PT012 - the page at hand may still take some
            while True:
                journal.append("b", ROW + bytes(3_000), None)
                taken += 1
        with pytest.raises(JournalError):
            journal.append("c", ROW + bytes(3_000), None)
        filler.unlink()
        assert journal.append("d", ROW, None) == taken + 1
        assert machine.faults() == frozenset()


@pytest.fixture
def slow_flush(tmp_path):
    """What makes every flush of the journal of a process take so many milliseconds."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is needed to make a disk slow")
    library = tmp_path / "slowdisk.so"
    source = HERE / "tests/fakes/slowdisk.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return lambda milliseconds: {
        "LD_PRELOAD": str(library),
        "SLOW_FILE": "journal.db",
        "SLOW_MILLISECONDS": str(milliseconds),
    }


@pytest.mark.slow
def test_a_disk_that_takes_more_than_a_second_is_told_and_people_go_on_tapping(tmp_path, slow_flush):
    with WireServer([row(KNOWN_CHIP, 1)], [concert(starts=datetime.now(UTC), limit=None)]) as server:
        zuil = VirtualZuil(tmp_path, server.url, CODE)
        try:
            zuil.start().ready()
            zuil.stop()
            zuil.start(environment=slow_flush(1_100)).ready()
            assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
            zuil.eventually(lambda state: "E23" in state["faults"])
            assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
        finally:
            zuil.stop()
        assert len(server.taps) == 2
