"""Who does a job: of all server processes, the one that claims it first."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session, SQLModel

from server.kernel.bulk import Bulk, Statement


class JobClaim(SQLModel, table=True):
    """When a job is due again, in seconds since 1970."""

    __tablename__ = "job_claim"

    name: str = Field(primary_key=True)
    due: int = Field(sa_column=Column(BigInteger, nullable=False))


_CLAIM: Final = Statement(
    "INSERT INTO job_claim (name, due) VALUES (:name, :next)"
    " ON CONFLICT (name) DO UPDATE SET due = excluded.due WHERE job_claim.due <= :now"
)


def claim(session: Session, name: str, every_seconds: int) -> bool:
    """Claim a job for this period; True for exactly one process, once the session commits."""
    now = int(time.time())
    return Bulk(session).touch(_CLAIM, {"name": name, "next": now + every_seconds, "now": now}) == 1
