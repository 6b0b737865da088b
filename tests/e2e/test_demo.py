"""`make demo`, as a newcomer and as a script run it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from fakes.ports import free_ports
from fakes.system import wait_for
from server.demo.installation import run
from server.demo.stage import alone_in

DEMO = [sys.executable, "-m", "server.demo"]


def start_demo(folder, port):
    demo = subprocess.Popen(
        [*DEMO, "--folder", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    welcome = ""
    deadline = time.monotonic() + 60
    while "Ctrl-C" not in welcome:
        line = demo.stdout.readline()
        assert line, demo.stderr.read()
        assert time.monotonic() < deadline
        welcome += line
    return demo, welcome


def stop_demo(demo, how=signal.SIGINT):
    demo.send_signal(how)
    output, errors = demo.communicate(timeout=40)
    return demo.returncode, output, errors


def kill_server(demo):
    """Kill the demo's first program, as a person might by accident."""
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    (server,) = [pid for pid in children if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(server), signal.SIGKILL)


def answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1).is_success
    except httpx.TransportError:
        return False


def is_silent(port):
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
    except httpx.ConnectError:
        return True
    return False


def test_the_script_taps_cuts_the_network_and_finds_everything_as_expected(tmp_path):
    port = free_ports(3)
    played = subprocess.run(
        [*DEMO, "--script", "--folder", str(tmp_path), "--port", str(port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "17 taps, everything as expected." in played.stdout
    assert played.stdout.count("differs") == 1
    assert all(is_silent(port + place) for place in range(3))


def test_the_demo_stops_cleanly_and_a_second_start_goes_on_where_it_was(tmp_path):
    port = free_ports(3)
    demo, welcome = start_demo(tmp_path, port)
    try:
        assert f"http://127.0.0.1:{port}/demo" in welcome
        assert "baliemedewerker" in welcome
        control = f"http://127.0.0.1:{port + 1}"
        first = httpx.post(f"{control}/tap", json={"chip": "04784CDAEE3880"}, timeout=10).json()
        kiosk = httpx.get(f"{control}/state").json()["kiosk"]
    finally:
        code, output, errors = stop_demo(demo)
    assert (code, errors) == (0, "")
    assert "goes on where it was" in output
    assert all(is_silent(port + place) for place in range(3))

    demo, _ = start_demo(tmp_path, port)
    try:
        state = httpx.get(f"{control}/state").json()
        again = httpx.post(f"{control}/tap", json={"chip": "04784CDAEE3880"}, timeout=10).json()
    finally:
        stop_demo(demo)
    assert first["outcome"] == "ok"
    assert (state["kiosk"], state["last_seq"]) == (kiosk, first["seq"])
    assert (again["outcome"], again["total"]) == ("maximum_reached", first["total"])


@pytest.mark.slow
def test_a_server_that_is_killed_is_started_again(tmp_path):
    port = free_ports(3)
    demo, _ = start_demo(tmp_path, port)
    try:
        kill_server(demo)
        wait_for(lambda: answers(port))
    finally:
        stop_demo(demo)


@pytest.mark.parametrize("place", [0, 2])
def test_a_port_in_use_gets_one_clear_sentence_before_anything_is_made(tmp_path, place):
    port = free_ports(3)
    with socket.create_server(("127.0.0.1", port + place)):
        started = subprocess.run(
            [*DEMO, "--folder", str(tmp_path), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert started.returncode == 1
    assert started.stderr == (
        f"make demo: Port {port + place} is in use; stop what listens there or choose another, as with"
        ' `make demo ARGS="--port 8090"`.\n'
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [{}, {"fresh": True}, {"script": True}], ids=["plain", "fresh", "script"])
def test_a_demo_on_other_ports_leaves_the_data_of_one_that_runs_alone(tmp_path, capsys, how):
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "server.db").touch()
    with alone_in(folder):
        assert run(folder, free_ports(3), **how) == 1
    assert capsys.readouterr().err == (
        f"make demo: A demo is running in {folder}; stop it first, or keep this one elsewhere, as with"
        ' `make demo ARGS="--folder other"`. Nothing was changed.\n'
    )
    assert [file.name for file in folder.iterdir()] == ["server.db"]
    with alone_in(folder):
        "the one that ran has stopped"


def takes_signals(demo):
    """Tell whether a program answers SIGTERM itself; no Python does before its own first lines."""
    status = Path(f"/proc/{demo.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "terminal closed"])
def test_who_stops_the_demo_while_it_is_still_loading_reads_the_same_sentence(tmp_path, how):
    if signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup, and so would the demo")
    demo = subprocess.Popen(
        [*DEMO, "--folder", str(tmp_path), "--port", str(free_ports(3))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: takes_signals(demo))
    code, output, errors = stop_demo(demo, how)
    assert (code, errors) == (0, "")
    assert output == "\nThe demo has stopped. `make demo` goes on where it was.\n"


@pytest.mark.parametrize("arguments", [["--port", "many"], ["--sing"]])
def test_a_wrong_argument_is_told_and_nothing_starts(arguments):
    started = subprocess.run([*DEMO, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert started.returncode == 2
    assert "make demo: error:" in started.stderr
