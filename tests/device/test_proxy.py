"""The proxy of zuil.toml: every way to the server goes through it, and its password is never shown."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from device.adapters.link import HttpLink
from device.core.clock import ServerClock
from device.doctor import steps, way_to
from device.logs import masked
from device.ports import LinkError
from device.provision import main
from device.settings import NetworkSettings, ServerSettings, Settings, SettingsError, load_settings
from fakes.forward_proxy import ForwardProxy
from fakes.virtual_zuil import HERE, VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, row
from shared.wire.messages import EnrolmentRequest


@pytest.fixture
def server():
    with WireServer([row(KNOWN_CHIP, 1)]) as server:
        yield server


@pytest.fixture
def proxy():
    with ForwardProxy("zuil:geheim") as proxy:
        yield proxy


@pytest.fixture
def link_to(tmp_path):
    made = []

    def link_to(url, proxy):
        made.append(HttpLink(url, tmp_path, ServerClock("boot"), agent="zuil/test", proxy=proxy))
        return made[-1]

    yield link_to
    for link in made:
        link.close()


def test_enrolling_changes_and_downloads_go_through_the_proxy(server, proxy, link_to):
    link = link_to(server.url, proxy.url)
    link.enrol(EnrolmentRequest(code=CODE))
    assert link.fetch(link.snapshots()[0]).exists()
    link.changes("", "")
    assert [line.split("/")[-1].split("?")[0] for line in proxy.met if "snapshots/" not in line] == [
        "enrolments",
        "snapshots",
        "changes",
    ]
    assert any("/snapshots/" in line for line in proxy.met)


def test_an_https_server_is_reached_by_a_tunnel_through_the_proxy(proxy, link_to):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        link = link_to(f"https://127.0.0.1:{port}", proxy.url)
        listener.settimeout(10)
        answering = SimpleNamespace(first=b"")

        def answer():
            beyond, _ = listener.accept()
            answering.first = beyond.recv(3)
            beyond.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(LinkError, match="cannot be reached"):
            link.enrol(EnrolmentRequest(code=CODE))
        thread.join(10)
    assert proxy.met == [f"CONNECT 127.0.0.1:{port}"]
    assert answering.first[:2] == b"\x16\x03", "a TLS greeting came out at the other end"


def test_a_proxy_that_does_not_know_the_zuil_is_told_without_the_password(server, proxy, link_to):
    link = link_to(server.url, proxy.url.replace("geheim", "verkeerd"))
    with pytest.raises(LinkError, match="407") as caught:
        link.enrol(EnrolmentRequest(code=CODE))
    assert "verkeerd" not in str(caught.value)


def test_the_doctor_goes_through_the_proxy_and_shows_no_password(server, proxy, tmp_path):
    settings = Settings(ServerSettings(server.url), NetworkSettings(proxy.url))
    found = {name: check() for name, check in steps(settings, tmp_path)}
    assert found["proxy"] == f"127.0.0.1:{proxy.port}"
    assert found["TCP"].startswith(f"127.0.0.1 port {proxy.port} ")
    assert proxy.met == [f"GET {server.url}/"]
    assert "geheim" not in str(found)


def test_the_proxy_of_the_settings_goes_before_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.stad.example:3128")
    assert way_to("https://zuil.example").first == ("proxy.stad.example", 3128)
    assert way_to("https://zuil.example", "http://a:b@ander.example:8888").first == ("ander.example", 8888)


def test_a_zuil_behind_a_proxy_takes_taps_and_tells_the_proxy_without_its_password(
    server, proxy, tmp_path, monkeypatch
):
    monkeypatch.setenv("ZUIL_NETWORK_PROXY", proxy.url)
    zuil = VirtualZuil(tmp_path, server.url, CODE)
    try:
        zuil.start().ready()
        assert any("enrolments" in line for line in proxy.met)
        command = [sys.executable, "-m", "device", "status", "--state", str(zuil.state_dir)]
        done = subprocess.run(
            [*command, "--boot", str(zuil.boot)], cwd=HERE, capture_output=True, text=True, check=False
        )
    finally:
        zuil.kill()
    assert f"proxy          127.0.0.1:{proxy.port}" in done.stdout
    assert "geheim" not in done.stdout + done.stderr


def test_a_password_of_a_proxy_is_masked_in_a_log():
    assert list(masked(["through http://zuil:geheim@proxy.example:3128"])) == [
        "through http://<hidden>@proxy.example:3128"
    ]


def test_enrol_writes_the_proxy_of_the_zuil(server, tmp_path):
    arguments = ["enrol", "--server", server.url, "--code", CODE, "--out", str(tmp_path)]
    assert main([*arguments, "--proxy", "http://zuil:ge%2Fheim@proxy.stad.example:3128"]) == 0
    proxy = load_settings(tmp_path, {}).network.proxy
    assert proxy == "http://zuil:ge%2Fheim@proxy.stad.example:3128"


@pytest.mark.parametrize(
    "wrong",
    [
        "proxy.example:3128",
        "http://proxy.example",
        "socks5://proxy.example:1080",
        "http://a:geheim/x@p.ex:1",
        "http://proxy.example:banana",
        "http://:3128",
        "http://proxy.example:3128/pad",
        "http://p x:3128",
    ],
)
def test_a_proxy_that_cannot_be_is_one_sentence_without_its_password(server, tmp_path, capsys, wrong):
    arguments = ["enrol", "--server", server.url, "--code", CODE, "--out", str(tmp_path)]
    assert main([*arguments, "--proxy", wrong]) == 2
    told = capsys.readouterr().err
    assert "network.proxy looks like http://proxy.example:3128" in told
    assert "geheim" not in told
    assert (list(tmp_path.iterdir()), server.requests) == ([], [])
    with pytest.raises(SettingsError, match=r"network\.proxy"):
        load_settings(tmp_path, {"ZUIL_SERVER_URL": server.url, "ZUIL_NETWORK_PROXY": wrong})
