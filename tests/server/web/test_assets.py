"""The browser's files: pinned, from npm, without an address in the lock file."""

import json

import pytest

from server.web import assets


def test_the_lock_file_pins_every_package_and_carries_no_address():
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]


def test_htmx_is_of_the_second_line():
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/htmx.org"]["version"].startswith("2.")


def test_what_is_there_already_is_not_fetched_again(monkeypatch):
    monkeypatch.setattr(assets, "_fetch", lambda: pytest.fail("nothing had to be fetched"))
    assert assets.install() is False


def test_a_missing_package_is_told_in_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(assets, "VENDOR", tmp_path)
    monkeypatch.setattr(assets, "STAMP", tmp_path / "stamp.txt")
    monkeypatch.setattr(assets, "FILES", {"gone/away.css": "away.css"})
    monkeypatch.setattr(assets, "_fetch", lambda: None)
    assert assets.main() == 1
    assert "npm did not bring" in capsys.readouterr().err
