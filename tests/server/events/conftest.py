"""The reference documents of UiTdatabank, which live outside the project's tree."""

import json
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "udb3"


@pytest.fixture
def reference():
    """Return the decoded document of a file name such as `read/event_with_price.json`."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference documents are not on this machine ({REFERENCE})")
    return lambda name: json.loads((REFERENCE / name).read_text(encoding="utf-8"))


@pytest.fixture
def reference_folder():
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference documents are not on this machine ({REFERENCE})")
    return REFERENCE
