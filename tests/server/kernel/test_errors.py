"""What goes wrong has one answer for people and one for programs."""

from fastapi import FastAPI
from sqlalchemy.orm.exc import StaleDataError
from starlette.testclient import TestClient

from server.kernel.errors import install_error_handlers


def test_who_changes_what_somebody_else_just_deleted_may_try_again():
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    def change():
        raise StaleDataError("1 row was expected, 0 were matched")

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
