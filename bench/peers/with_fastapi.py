"""FastAPI with SQLAlchemy and Pydantic: the lists that its tutorials lead to."""

import json
import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The base of all tables."""


class Lead(Base):
    """One lead."""

    __tablename__ = "lead"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int]
    status: Mapped[str | None] = mapped_column(String)
    source: Mapped[str | None] = mapped_column(String)
    product: Mapped[str | None] = mapped_column(String)
    region: Mapped[str | None] = mapped_column(String)
    customer_type: Mapped[str | None] = mapped_column(String)
    channel: Mapped[str | None] = mapped_column(String)
    created_at: Mapped[str]
    updated_at: Mapped[str]
    extra: Mapped[str]


class LeadOut(BaseModel):
    """One lead as it is answered."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    status: str | None
    source: str | None
    product: str | None
    region: str | None
    customer_type: str | None
    channel: str | None
    created_at: str
    updated_at: str
    extra: dict[str, Any]

    @field_validator("extra", mode="before")
    @classmethod
    def _parsed(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value


class PageOut(BaseModel):
    """One page."""

    data: list[LeadOut]
    page: int
    per_page: int
    total: int


class Asked(BaseModel):
    """What can be asked."""

    page: int = 1
    per_page: int = 50
    status: str | None = None
    source: str | None = None
    customer_type: str | None = None
    created_after: str | None = None
    updated_after: str | None = None


database = os.environ["BENCH_DATABASE"]
engine = create_engine(database if "://" in database else f"sqlite:///{database}")
app = FastAPI()


def session() -> Iterator[Session]:
    """Open a session for one request."""
    with Session(engine) as opened:
        yield opened


@app.get("/leads")
def leads(
    asked: Annotated[Asked, Query()], opened: Annotated[Session, Depends(session)]
) -> PageOut:
    """Answer with one page, and how many there are."""
    found = select(Lead).where(Lead.campaign_id == 362)
    for name in ("status", "source", "customer_type"):
        if (value := getattr(asked, name)) is not None:
            found = found.where(getattr(Lead, name) == value)
    if asked.created_after:
        found = found.where(Lead.created_at > asked.created_after)
    if asked.updated_after:
        found = found.where(Lead.updated_at > asked.updated_after)
    total = opened.scalar(select(func.count()).select_from(found.subquery())) or 0
    start = (asked.page - 1) * asked.per_page
    rows = opened.scalars(found.order_by(Lead.id).offset(start).limit(asked.per_page))
    data = [LeadOut.model_validate(row) for row in rows]
    return PageOut(data=data, page=asked.page, per_page=asked.per_page, total=total)
