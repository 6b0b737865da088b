"""The audit trail: who did what to what, kept for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, Session, SQLModel

from server.kernel.ids import new_id
from server.kernel.types import UtcDateTime, UuidText


class AuditEntry(SQLModel, table=True):
    """One deed. `staff_id` is None when the system did it itself."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id", "id"),)

    id: str = Field(default_factory=new_id, sa_column=Column(UuidText, primary_key=True))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    staff_id: int | None = Field(default=None, index=True)
    counter_id: int | None = None
    action: str
    subject_kind: str
    subject_id: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def record(
    session: Session,
    action: str,
    subject_kind: str,
    subject_id: object,
    *,
    staff_id: int | None = None,
    counter_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add a deed to the trail, in the transaction of the deed itself."""
    entry = AuditEntry(
        at=datetime.now(UTC),
        action=action,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        staff_id=staff_id,
        counter_id=counter_id,
        detail=detail or {},
    )
    session.add(entry)
