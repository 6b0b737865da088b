"""Ways of the technician: the button, a zuil that blinks, a log without personal data, a doctor by steps."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

import msgspec
import pytest

from device.adapters.gpio import GpioButton
from device.adapters.host import addresses
from device.core.technician import Ask, Press
from device.doctor import steps, way_to
from device.inspect import StateError, identify
from device.logs import LogsError, masked, recent
from device.settings import ButtonSettings, ServerSettings, Settings
from fakes.virtual_zuil import HERE, VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, row


@pytest.fixture
def server():
    with WireServer([row(KNOWN_CHIP, 1)]) as server:
        yield server


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE)
    zuil.start().ready()
    yield zuil
    if zuil.process.poll() is None:
        zuil.kill()


@pytest.mark.parametrize(
    ("held", "asked"),
    [(1.0, []), (2.0, [Ask.INFORM]), (9.0, [Ask.INFORM, Ask.SHUT_DOWN])],
    ids=["touched", "held", "held on"],
)
def test_a_press_means_what_its_length_says_and_only_once(held, asked):
    press = Press()
    answers = [press.look(at / 20, down=at / 20 < held) for at in range(240)]
    assert [answer for answer in answers if answer] == asked


def test_after_letting_go_the_next_press_counts_anew():
    press = Press()
    for begin in (0.0, 10.0):
        press.look(begin, down=True)
        assert press.look(begin + 2, down=True) is Ask.INFORM
        assert press.look(begin + 3, down=False) is None


def test_a_button_is_a_pin_that_goes_to_ground(monkeypatch):
    from types import ModuleType

    class Pins(ModuleType):
        BCM, IN, PUD_UP, LOW, HIGH = 11, 1, 22, 0, 1
        level = HIGH

        def setmode(self, mode): ...

        def cleanup(self, pin): ...

        def setup(self, pin, direction, pull_up_down):
            assert (pin, pull_up_down) == (26, self.PUD_UP)

        def input(self, pin):
            return self.level

    pins, package = Pins("RPi.GPIO"), ModuleType("RPi")
    package.GPIO = pins
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", pins)
    button = GpioButton(ButtonSettings(present=True))
    button.open()
    assert not button.is_down()
    pins.level = pins.LOW
    assert button.is_down()
    button.close()
    assert not button.is_down()


def test_a_long_press_tells_how_the_zuil_is_and_a_tap_takes_its_place(zuil):
    zuil.send("network", on=False)
    zuil.tap(KNOWN_CHIP)
    zuil.send("button", seconds=2.5)
    state = zuil.eventually(lambda state: state["screen"] == "information")
    assert state["headline"] == "Bib Aalst"
    network, server, queue, version = state["lines"]
    assert network == (", ".join(addresses()) or "geen netwerk")
    assert server == "server niet bereikt"
    assert queue == "1 te sturen"
    assert version.startswith("versie ")
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "maximum_reached"
    zuil.eventually(lambda state: state["screen"] == "result")


def test_a_longer_press_ends_it_cleanly(zuil):
    zuil.tap(KNOWN_CHIP)
    zuil.send("button", seconds=10)
    assert zuil.process.wait(20) == 0


def test_identify_lets_the_running_zuil_blink_and_show_its_name(zuil):
    done = subprocess.run(
        [sys.executable, "-m", "device", "identify", "--state", zuil.state_dir], cwd=HERE, check=False
    )
    assert done.returncode == 0
    state = zuil.eventually(lambda state: state["screen"] == "information")
    assert (state["headline"], state["lines"]) == ("Bib Aalst", [])
    zuil.eventually(lambda state: state["lights"]["green"] and state["lights"]["red"])
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok", "people go on tapping"
    zuil.eventually(lambda state: state["screen"] in ("idle", "code"), seconds=30)


def test_the_server_asks_a_zuil_which_one_it_is(zuil, server):
    server.configure(msgspec.structs.replace(server.config, version="2", identify=1))
    zuil.eventually(lambda state: state["screen"] == "information")
    zuil.stop()
    zuil.start().ready()
    assert zuil.state()["screen"] != "information", "it was asked once"


def test_where_no_zuil_runs_nobody_blinks(tmp_path):
    with pytest.raises(StateError, match="No zuil is running"):
        identify(tmp_path)
    with pytest.raises(StateError, match="There is no zuil"):
        identify(tmp_path / "nowhere")


def test_a_signal_before_the_zuil_is_ready_does_not_end_it(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE).start()
    zuil.eventually(lambda state: True)
    os.kill(zuil.process.pid, signal.SIGUSR1)
    zuil.ready()
    assert zuil.stop() == 0


def test_a_log_points_to_nobody_and_opens_nothing():
    told = "\n".join(
        masked(
            [
                "INFO device: card 044D71DA862680 of 0900000002312 and 04:4D:71:DA:86:26:80",
                "INFO mail oona@example.be insz 93.05.18-223.61 or 93051822361",
                'DEBUG Authorization: OAuth oauth_consumer_key="zuil-7", oauth_signature="abc%3D"',
                "DEBUG token 2a2b2dfd5372ac34 code = P9XJ-B37V password: geheim",
                "INFO device.core.sync: New cache: 1234 cards.",
            ]
        )
    )
    for secret in (
        "044D71DA862680",
        "04:4D",
        "0900000002312",
        "oona",
        "93.05",
        "93051822361",
        "zuil-7",
        "abc%3D",
        "2a2b2dfd5372ac34",
        "P9XJ",
        "geheim",
    ):
        assert secret not in told, secret
    assert "New cache: 1234 cards." in told


def test_the_last_lines_are_asked_of_the_journal():
    assert recent(2, lambda last: f"{last} lines\nof 044D71DA862680") == ["2 lines", "of <chip>"]


def test_a_machine_without_a_journal_is_one_sentence(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LogsError, match="cannot be started"):
        recent(5)


def told(url, state):
    found = {}
    for name, check in steps(Settings(ServerSettings(url)), state):
        try:
            found[name] = check()
        except Exception as error:  # noqa: BLE001 - as the doctor itself does
            found[name] = f"BAD {error}"
    return found


def test_the_doctor_walks_the_way_to_the_server(zuil, server):
    found = told(server.url, zuil.state_dir)
    assert list(found) == ["proxy", "DNS", "TCP", "server", "OAuth"]
    assert not [sentence for sentence in found.values() if sentence.startswith("BAD")]
    assert found["OAuth"] == "the server knows this zuil"


def test_a_zuil_that_the_server_does_not_know_is_told_at_oauth(zuil, server):
    server.secret = "another"
    found = told(server.url, zuil.state_dir)
    assert found["TCP"].startswith("127.0.0.1 port")
    assert found["OAuth"] == "BAD The signature is wrong."


def test_a_wrong_clock_is_told(server, tmp_path):
    server.time_shift = 10_000
    assert "this clock is" in told(server.url, tmp_path)["server"]


@pytest.mark.parametrize(
    ("url", "step", "says"),
    [
        ("https://zuil.invalid", "DNS", "zuil.invalid is not known"),
        ("http://127.0.0.1:9", "TCP", "does a firewall"),
    ],
)
def test_the_first_bad_step_is_the_cause(tmp_path, url, step, says, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    found = told(url, tmp_path)
    assert says in found[step]
    bad = [name for name, sentence in found.items() if sentence.startswith("BAD")]
    assert bad[0] == step


def test_a_line_that_answers_without_tls_is_told_at_tls(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(
            target=lambda: [listener.accept()[0].sendall(b"hello\n") for _ in (1, 2, 3)], daemon=True
        ).start()
        found = told(f"https://127.0.0.1:{listener.getsockname()[1]}", tmp_path)
    assert found["TCP"].startswith("127.0.0.1")
    assert "does not speak https" in found["TLS"]


def test_a_certificate_that_this_clock_does_not_believe_names_the_clock(tmp_path, monkeypatch):
    def refuse(*_args, **_named):
        error = ssl.SSLCertVerificationError("bad")
        error.verify_message = "certificate is not yet valid"
        raise error

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = told(f"https://127.0.0.1:{listener.getsockname()[1]}", tmp_path)
    assert "not yet valid); this clock says 20" in found["TLS"]


def test_a_proxy_of_the_environment_is_named_and_is_where_the_way_begins(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.stad.example:3128")
    monkeypatch.setenv("no_proxy", "intern.example")
    assert way_to("https://zuil.example").first == ("proxy.stad.example", 3128)
    assert way_to("https://intern.example").proxy is None
    assert way_to("http://127.0.0.1:8000").proxy is None
