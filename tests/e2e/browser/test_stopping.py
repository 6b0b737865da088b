"""A server with pages open stops at once: the live pages are hung up, not waited for."""

import time
from contextlib import ExitStack

from fakes.ports import free_ports
from fakes.prepared import PreparedDemo

AT_ONCE = 3.0


def test_open_live_pages_do_not_hold_up_the_stop(chromium, tmp_path, filled):
    with ExitStack() as running:
        demo = PreparedDemo(tmp_path, free_ports(3), filled)
        demo.start_server(running)
        page = chromium.new_context(locale="nl-BE").new_page()
        with page.expect_response("**/demo/stroom"):
            page.goto(f"{demo.server.url}/demo")
        begun = time.monotonic()
        demo.server.stop()
        assert time.monotonic() - begun < AT_ONCE
        page.context.close()
