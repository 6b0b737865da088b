"""A release as one file: what is in it, that it is always the same, and that nothing in it can be changed."""

import hashlib
import io
import tarfile
import zipfile

import msgspec
import pytest
import zstandard

from fakes.releases import OTHER_PUBLIC, OTHER_SECRET, PUBLIC, SECRET, bundle, tree
from server.bundling.__main__ import main
from server.bundling.building import pack
from shared.wire.bundles import MANIFEST, SIGNATURE, Bundle, BundleError, sign


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("release") / "tree", "1.4.0", notes="Faster.")


def members(content):
    """Return the members of a bundle, by name."""
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def packed(parts):
    parts = dict(parts)
    return pack(parts.pop(MANIFEST), parts.pop(SIGNATURE), parts)


def read(content, keys=(PUBLIC,)):
    opened = Bundle(io.BytesIO(content), keys)
    return opened, dict(opened.files())


def test_a_bundle_holds_the_program_and_says_what_it_asks(made):
    manifest, content = made
    opened, files = read(content)
    assert opened.manifest == manifest
    assert (manifest.version, manifest.notes, opened.key) == ("1.4.0", "Faster.", PUBLIC)
    assert manifest.formats == {"journal": (1, 1), "cache": (1, 1)}
    assert b'"1.4.0"' in files["device/__init__.py"]
    assert "shared/domain/checkin.py" in files
    assert manifest.unpacked == sum(map(len, files.values()))


def test_the_same_sources_make_the_same_file(made, tmp_path):
    assert bundle(tmp_path / "again", "1.4.0", notes="Faster.")[1] == made[1]


def test_a_bundle_under_another_key_is_not_believed(made):
    with pytest.raises(BundleError, match="not signed with a key"):
        read(made[1], [OTHER_PUBLIC])
    assert read(made[1], [OTHER_PUBLIC, PUBLIC])[0].key == PUBLIC


def test_nothing_in_a_bundle_can_be_changed_added_or_left_out(made):
    parts = members(made[1])
    name = "device/adapters/nfc.py"
    for changed in (
        {**parts, name: parts[name] + b"#"},
        {one: data for one, data in parts.items() if one != name},
        {**parts, "device/a.py": b""},
        {**parts, MANIFEST: parts[MANIFEST].replace(b"1.4.0", b"1.4.1")},
        {**parts, SIGNATURE: bytes(64)},
        {**parts, SIGNATURE: b""},
    ):
        with pytest.raises(BundleError):
            read(packed(changed))


@pytest.mark.parametrize("length", [0, 1, 100, 5_000, 50_000, -1])
def test_a_bundle_that_broke_off_is_told_as_such(made, length):
    with pytest.raises(BundleError):
        read(made[1][:length])


@pytest.mark.parametrize("path", ["../device/x.py", "/etc/passwd", "device/../../x", "bin/sh", "device/.x"])
def test_even_a_signed_bundle_writes_nowhere_else(path):
    files = {"device/__main__.py": b"", path: b"x"}
    listed = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    raw = msgspec.json.encode({"version": "1.0.0", "formats": {}, "files": listed})
    with pytest.raises(BundleError, match="does not belong in it"):
        read(pack(raw, sign(raw, SECRET), files))


def test_wheels_go_along_without_what_a_zuil_does_not_need(tmp_path):
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/__init__.py", "A = 1\n")
        archive.writestr("thing-1.0.data/scripts/thing", "#!python\n")
    manifest, content = bundle(
        tmp_path / "tree", "1.4.0", wheels=[wheel], machine="aarch64", python="3.11", minimum="1.0.0"
    )
    assert read(content)[1]["lib/thing/__init__.py"] == b"A = 1\n"
    assert not any("thing-1.0.data" in path for path in manifest.files)
    assert (manifest.machine, manifest.python, manifest.minimum) == ("aarch64", "3.11", "1.0.0")


def test_the_command_makes_a_key_builds_and_shows(tmp_path, capsys):
    key = tmp_path / "release.key"
    assert main(["key", str(key)]) == 0
    public = capsys.readouterr().out.strip()
    assert key.stat().st_mode & 0o777 == 0o600
    assert main(["key", str(key)]) == 1
    assert "cannot be made" in capsys.readouterr().err
    sources = tree(tmp_path / "tree", "2.0.0")
    arguments = ["build", "--key", str(key), "--out", str(tmp_path), "--tree", str(sources)]
    assert main([*arguments, "--next-key", OTHER_PUBLIC]) == 0
    assert "zuil-2.0.0.zuil" in capsys.readouterr().out
    assert main(["show", str(tmp_path / "zuil-2.0.0.zuil"), "--public", public]) == 0
    shown = capsys.readouterr().out
    assert "version   2.0.0" in shown
    assert f"next key  {OTHER_PUBLIC}" in shown
    assert main(["show", str(tmp_path / "zuil-2.0.0.zuil"), "--public", PUBLIC]) == 1


def test_a_release_under_a_replaced_key_names_the_next_ones(tmp_path):
    manifest, content = bundle(tmp_path / "tree", "1.4.0", secret=OTHER_SECRET, keys=[PUBLIC])
    assert manifest.keys == [PUBLIC]
    assert read(content, [OTHER_PUBLIC])[0].manifest.keys == [PUBLIC]
