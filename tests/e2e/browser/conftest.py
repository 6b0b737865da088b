"""A real browser before a whole system of real processes: the server and two virtual zuilen."""

import os
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from fakes.ports import free_ports
from fakes.prepared import PreparedDemo

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 360, "height": 740}


# For one file: while it is open its event loop runs in this thread, and a test of another file that runs
# a loop of its own would fail.
@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, the one of $CHROMIUM, or Playwright's own."""
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path if Path(path).exists() else None, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory, filled):
    """The whole demo, running; one for the tests of a file."""
    with ExitStack() as running:
        demo = PreparedDemo(tmp_path_factory.mktemp("demo"), free_ports(3), filled)
        demo.start(running)
        yield demo


class Visit:
    """A browser window that remembers what went wrong in it and where it went."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _on_console(self, message) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        """Go to a page of the server."""
        self.page.goto(self.url + path)
        return self.page

    def log_in(self, name: str, place: str = "") -> None:
        """Be one of the demo people, by clicking."""
        self.open("/login").get_by_role("button", name=f"Ik ben {name}", exact=True).click()
        if place:
            self.page.get_by_role("button", name=place).click()

    @property
    def is_too_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.fixture
def visit(chromium, demo, request):
    """A fresh window; after the test nothing may have complained, and nothing came from another host."""
    options = getattr(request, "param", {})
    context = chromium.new_context(**({"locale": "nl-BE", "viewport": DESKTOP} | options))
    visit = Visit(context.new_page(), demo.server.url)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.hosts <= {urlsplit(demo.server.url).netloc}
