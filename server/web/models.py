"""What the shell of the pages keeps."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class KeptAnswer(SQLModel, table=True):
    """A page that answered a form, or what was typed in one, sealed.

    owner: a hash of the cookies of the browser it is for.
    """

    __tablename__ = "kept_answer"

    mark: str = Field(primary_key=True)
    owner: bytes
    sealed: bytes
    until: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
