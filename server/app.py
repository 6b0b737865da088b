"""The application: which parts there are, and what starts and stops with the process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from server import operations, pages
from server.device_api.routes import device_api_running, install_device_api
from server.device_api.versions import ConfigVersions
from server.jobs.run import jobs_running
from server.kernel.database import Database
from server.kernel.errors import install_error_handlers
from server.kernel.vault import Vault
from server.migrations.run import require_current
from server.monitor.outward import show_metrics, show_ready
from server.monitor.runner import watching
from server.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the application of one process."""
    app = FastAPI(title="UiTPAS zuilen", lifespan=_life, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.database = Database(settings.database_url, Vault(settings.secret_key))
    app.state.config_versions = ConfigVersions()
    install_error_handlers(app)
    app.add_api_route("/healthz", _healthy, include_in_schema=False)
    app.add_api_route("/readyz", show_ready, include_in_schema=False)
    app.add_api_route("/metrics", show_metrics, include_in_schema=False)
    install_device_api(app)
    operations.install_api(app)
    pages.install(app)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    database: Database = app.state.database
    require_current(database)
    async with device_api_running(app):
        with jobs_running(database, app.state.settings), watching(database):
            yield
            database.is_closing = True
    database.dispose()


def _healthy() -> PlainTextResponse:
    """Say that this process answers."""
    return PlainTextResponse("ok\n")
