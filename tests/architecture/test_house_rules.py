"""The two rules of the house that import contracts cannot see."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLOCK_READS = {"now", "utcnow", "today", "time", "monotonic", "time_ns", "monotonic_ns", "perf_counter"}


def calls(file: Path) -> list[tuple[str, int]]:
    return [
        (node.func.attr, node.lineno)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def clock_reads(file: Path) -> list[int]:
    tree = ast.parse(file.read_text())
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_READS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time"}
    ]


@pytest.mark.parametrize("file", sorted((ROOT / "shared").rglob("*.py")), ids=lambda file: file.name)
def test_no_rule_reads_a_clock(file):
    assert not clock_reads(file), f"{file}: `now` is an argument"


def test_only_the_kernel_of_the_server_commits():
    committing = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in (ROOT / "server").rglob("*.py")
        if "kernel" not in file.parts and "migrations" not in file.parts
        for name, line in calls(file)
        if name == "commit"
    }
    assert not committing, "one commit, at the edge"


def test_locks_and_code_name_no_registry_and_no_path_of_a_machine():
    named = ("pypi.org", "pythonhosted", "registry.npmjs", "/root/", "/home/", "/work/", "/opt/")
    files = [
        file
        for pattern in ("*.lock", "*.py", "package-lock.json", "Makefile", "requirements/*", ".ci/*")
        for file in ROOT.rglob(pattern)
        if not {".venv", "node_modules", "var"} & set(file.relative_to(ROOT).parts)
    ]
    assert len(files) > 20
    this = Path(__file__)
    wrong = {
        f"{file.relative_to(ROOT)} names {name}"
        for file in files
        if file != this and file.is_file()
        for name in named
        if name in file.read_text()
    }
    assert not wrong
