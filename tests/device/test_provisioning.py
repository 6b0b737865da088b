"""From the dashboard's one-time code to an SD card: the files, the first boot and the hardened units."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from device.provision import NETWORK_FILE, main
from device.settings import load_settings, release_keys
from fakes.wire_server import CODE, WireServer

HERE = Path(__file__).parents[2]
FIRST_BOOT = HERE / "provisioning" / "first-boot"
MOST_EXPOSED = 2.0
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


@pytest.fixture
def server():
    with WireServer() as server:
        yield server


@pytest.fixture
def enrol(server, tmp_path):
    def enrol(*more, code=CODE):
        return main(["enrol", "--server", server.url, "--code", code, "--out", str(tmp_path), *more])

    return enrol


def test_the_files_hold_the_code_and_no_secret(enrol, server, tmp_path, capsys):
    assert enrol() == 0
    settings = load_settings(tmp_path, {})
    assert (settings.server.url, settings.server.code) == (server.url, CODE)
    assert server.secret not in (tmp_path / "zuil.toml").read_text()
    assert "zuil 7, Bib Aalst" in capsys.readouterr().out
    assert server.codes == {CODE}


def test_a_code_typed_in_small_letters_is_good(enrol, tmp_path):
    assert enrol(code=" abcd2345 ") == 0
    assert load_settings(tmp_path, {}).server.code == CODE


def test_a_bad_code_leaves_no_file_and_says_why(enrol, tmp_path, capsys):
    assert enrol(code="WRONG234") == 1
    assert "unknown, used or expired" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_code_or_a_server_that_is_away_leaves_a_good_card_as_it_was(enrol, tmp_path, capsys):
    assert enrol("--panel", "sh1106") == 0
    good = (tmp_path / "zuil.toml").read_bytes()
    assert enrol(code="WRONG234") == 1
    assert "The code was not accepted" in capsys.readouterr().err
    away = ["enrol", "--server", "http://127.0.0.1:9", "--code", CODE, "--out", str(tmp_path)]
    assert main(away) == 1
    assert "The code was not tried" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["zuil.toml"]
    assert (tmp_path / "zuil.toml").read_bytes() == good


class Forbidding(BaseHTTPRequestHandler):
    """Answers as a page does that wants a token in its forms."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(403)

    def log_message(self, *_):
        """Say nothing."""


def test_an_address_where_something_else_answers_is_told_as_such(tmp_path, capsys):
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbidding) as other:
        threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}"
        assert main(["enrol", "--server", f"{url}/foo", "--code", CODE, "--out", str(tmp_path)]) == 1
        other.shutdown()
    told = capsys.readouterr().err
    assert f"No zuil server answers at {url}/foo (status 403). The code was not tried." in told
    assert f"Without a path the address is {url}." in told
    assert list(tmp_path.iterdir()) == []


def test_https_on_a_port_without_it_is_told_in_words(server, tmp_path, capsys):
    url = server.url.replace("http:", "https:")
    assert main(["enrol", "--server", url, "--code", CODE, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "does not speak https" in told
    assert "SSL" not in told


def test_a_card_that_is_not_mounted_is_told_before_anything_is_asked(server, enrol, tmp_path, capsys):
    assert enrol("--out", str(tmp_path / "weg")) == 2
    assert "is the card mounted?" in capsys.readouterr().err
    assert (server.requests, list(tmp_path.iterdir())) == ([], [])


def test_a_server_that_is_away_leaves_no_file(tmp_path, capsys):
    arguments = ["enrol", "--server", "http://127.0.0.1:9", "--code", CODE, "--out", str(tmp_path)]
    assert main(arguments) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_panel_and_a_reader_are_checked_before_anything_is_asked(enrol, server, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        enrol("--panel", "vga")
    assert "choose from 'ssd1306', 'sh1106'" in capsys.readouterr().err
    assert (server.requests, list(tmp_path.iterdir())) == ([], [])
    assert enrol("--panel", "sh1106", "--reader", "usb:072f:2200") == 0
    assert load_settings(tmp_path, {}).display.panel == "sh1106"


def test_the_keys_of_releases_come_from_the_server_or_from_who_prepares_the_card(
    enrol, server, tmp_path, capsys
):
    assert enrol() == 0
    assert release_keys(load_settings(tmp_path, {})) == ()
    server.release_keys = ["a" * 64, "b" * 64]
    assert enrol() == 0
    assert release_keys(load_settings(tmp_path, {})) == ("a" * 64, "b" * 64)
    assert enrol("--release-key", "C" * 64) == 0
    assert release_keys(load_settings(tmp_path, {})) == ("c" * 64,)
    asked = len(server.requests)
    assert enrol("--release-key", "c" * 63) == 2
    assert "release.keys cannot be used" in capsys.readouterr().err
    assert len(server.requests) == asked


def test_wifi_and_a_fixed_address_become_a_connection_for_root_only(enrol, tmp_path):
    wifi = ["--wifi", "Bib gasten", "--wifi-password", "lang genoeg"]
    assert enrol(*wifi, "--address", "192.168.1.20/24", "--gateway", "192.168.1.1") == 0
    file = tmp_path / NETWORK_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "ssid=Bib gasten" in text
    assert "address1=192.168.1.20/24,192.168.1.1" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--wifi", "x", "--wifi-password", "kort"], "8 to 64 characters"),
        (["--wifi", "x", "--wifi-password", "x" * 65], "8 to 64 characters"),
        (["--address", "192.168.1.20/24"], "needs a gateway"),
        (["--address", "192.168.1.20/24", "--gateway", "10.0.0.1"], "not in the network"),
        (["--address", "192.168.1.999/24", "--gateway", "192.168.1.1"], "cannot be used"),
        (["--address", "fd00::2/64", "--gateway", "fd00::1"], "cannot be used"),
        (["--address", "192.168.1.20/24", "--gateway", "192.168.1.1", "--dns", "banana"], "'banana'"),
        (["--address", ""], "--address is empty"),
        (["--dns", "banana"], "--dns only goes with --address."),
        (["--gateway", "192.168.1.1"], "--gateway only goes with --address."),
        (["--wifi-password", "lang genoeg"], "--wifi-password only goes with --wifi."),
        (["--sim-pin", "1234"], "--sim-pin only goes with --apn."),
        (["--wifi", "a\nb"], "line breaks"),
        (["--apn", "a b"], "letters, digits"),
        (["--apn", "internet.be", "--sim-pin", "12"], "4 to 8 digits"),
        (["--apn", "internet.be", "--apn-user", "a\nb"], "line breaks"),
        (["--apn", "internet.be", "--wifi", "x"], "neither with --wifi"),
        (["--apn", "i.be", "--address", "10.0.0.2/8", "--gateway", "10.0.0.1"], "nor with --address"),
    ],
)
def test_a_network_that_cannot_work_is_told_before_anything_is_written(
    enrol, tmp_path, capsys, arguments, says
):
    assert enrol(*arguments) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def keyfile(folder):
    read = configparser.RawConfigParser(comment_prefixes=("#",), delimiters=("=",))
    read.optionxform = str
    read.read(folder / NETWORK_FILE)
    return {name: dict(read[name]) for name in read.sections()}


def test_a_modem_becomes_a_gsm_connection_for_root_only(enrol, tmp_path):
    assert (
        enrol("--apn", "internet.be", "--apn-user", "zuil", "--apn-password", "a\\b;c ", "--sim-pin", "0123")
        == 0
    )
    assert stat.S_IMODE((tmp_path / NETWORK_FILE).stat().st_mode) == 0o600
    assert keyfile(tmp_path) == {
        "connection": {"id": "zuil", "type": "gsm", "autoconnect": "true"},
        "gsm": {"apn": "internet.be", "username": "zuil", "password": "a\\\\b;c\\s", "pin": "0123"},
        "ipv4": {"method": "auto"},
    }
    assert "0123" not in (tmp_path / "zuil.toml").read_text()


def test_an_access_point_without_a_password_needs_only_its_name(enrol, tmp_path):
    assert enrol("--apn", "internet.be") == 0
    assert keyfile(tmp_path)["gsm"] == {"apn": "internet.be"}


def test_a_card_made_again_for_the_cable_forgets_its_wifi_also_on_a_zuil_that_had_it(enrol, tmp_path):
    root, boot = tmp_path, tmp_path / "boot" / "firmware"
    boot.mkdir(parents=True)
    placed = root / "etc" / "NetworkManager" / "system-connections" / NETWORK_FILE
    assert enrol("--out", str(boot), "--wifi", "Bib gasten") == 0
    assert enrol("--out", str(boot)) == 0
    assert [path.name for path in boot.iterdir()] == ["zuil.toml"]
    assert enrol("--out", str(boot), "--wifi", "Bib gasten") == 0
    for _ in range(2):
        assert first_boot(root).returncode == 0
        assert placed.exists(), "a later start leaves the network alone"
    assert enrol("--out", str(boot)) == 0
    assert first_boot(root).returncode == 0
    assert not placed.exists()


def first_boot(root):
    return subprocess.run(
        [FIRST_BOOT], env={**os.environ, "ZUIL_ROOT": str(root)}, capture_output=True, text=True, check=False
    )


def test_the_first_boot_takes_the_network_off_the_open_partition(tmp_path):
    boot = tmp_path / "boot" / "firmware"
    boot.mkdir(parents=True)
    (boot / "zuil.toml").write_text("[server]\n")
    (boot / NETWORK_FILE).write_text("[connection]\n")
    for _ in range(2):
        assert first_boot(tmp_path).returncode == 0
    placed = tmp_path / "etc" / "NetworkManager" / "system-connections" / NETWORK_FILE
    assert stat.S_IMODE(placed.stat().st_mode) == 0o600
    assert not (boot / NETWORK_FILE).exists()


def test_a_card_without_settings_is_told(tmp_path):
    done = first_boot(tmp_path)
    assert done.returncode == 1
    assert "make it with zuil-provision" in done.stderr


@needs_systemd
@pytest.mark.parametrize(
    "unit", ["zuil.service", "zuil-first-boot.service", "zuil-remount.service", "zuil-remount.path"]
)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path, unit):
    for file in [*(HERE / "systemd").glob("*.service"), *(HERE / "systemd").glob("*.path")]:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read_text(), flags=re.MULTILINE)
        (tmp_path / file.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=yes", "--man=no", tmp_path / unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_daemon_is_hardened():
    threshold = str(int(MOST_EXPOSED * 10))
    unit = HERE / "systemd" / "zuil.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:]


def test_the_daemon_runs_as_nobody_special_with_a_watchdog():
    unit = (HERE / "systemd" / "zuil.service").read_text()
    for line in ("Type=notify", "User=zuil", "WatchdogSec=15", "Restart=always"):
        assert f"\n{line}\n" in unit


def test_the_readers_of_the_zuilen_are_let_through_and_the_kernel_is_kept_off():
    rules = (HERE / "provisioning" / "70-zuil.rules").read_text()
    for product in ("2200", "223b"):
        assert f'ATTRS{{idVendor}}=="072f", ATTRS{{idProduct}}=="{product}"' in rules
    assert "blacklist pn533_usb" in (HERE / "provisioning" / "blacklist-zuil.conf").read_text()
