"""Pages on which people and cards are scanned."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.settings import Settings
from server.web.headers import allow_scanning
from server.web.templating import page


def scan_page(request: Request, template: str, /, status: int = 200, **context: object) -> Response:
    """Render a page that may use the camera and ask the bridge on this computer."""
    settings: Settings = request.app.state.settings
    bridge = f"http://127.0.0.1:{settings.bridge_port}"
    response = page(request, template, status=status, bridge=bridge, **context)
    allow_scanning(response.headers, bridge)
    return response
