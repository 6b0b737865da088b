"""Every Dutch sentence the pages use, read from the templates and the code as Babel reads them."""

from pathlib import Path

from babel.messages.extract import extract_from_file
from jinja2.ext import extract_from_ast

from server.web.templating import environment

SERVER = Path(__file__).resolve().parents[2] / "server"
KEYWORDS = {"_": None, "n_": (1, 2), "later": None, "speak": None, "translate": None, "plural": (1, 2)}


def msgids() -> dict[str | tuple[str, str], str]:
    """Return every sentence (a pair for one and many) with the file it was first found in."""
    found: dict[str | tuple[str, str], str] = {}
    for file in sorted(SERVER.rglob("*.html")):
        tree = environment().parse(file.read_text())
        for _line, _function, message in extract_from_ast(tree, ("_", "n_")):
            _add(found, message, file)
    for file in sorted(SERVER.rglob("*.py")):
        for _line, message, _comments, _context in extract_from_file("python", str(file), KEYWORDS):
            _add(found, message, file)
    return found


def _add(found, message, file):
    parts = (
        [message] if isinstance(message, str) else [part for part in message or () if isinstance(part, str)]
    )
    if parts and parts[0]:
        key = parts[0] if len(parts) == 1 else (parts[0], parts[1])
        found.setdefault(key, str(file.relative_to(SERVER)))
