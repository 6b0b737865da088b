"""Every page there is: the shell, and the pages of each capability inside it."""

from __future__ import annotations

from fastapi import FastAPI

from server.checkins import dashboard as differences
from server.checkins import pages as scan
from server.demo import pages as demo
from server.kiosks import dashboard
from server.kiosks import pages as balie
from server.web.shell import install_shell


def install(app: FastAPI) -> None:
    """Give the application its pages; the demo's only in a demo."""
    install_shell(app)
    app.include_router(scan.router)
    app.include_router(balie.router)
    app.include_router(dashboard.router)
    app.include_router(differences.router)
    if app.state.settings.demo:
        app.include_router(demo.router)
