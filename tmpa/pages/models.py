"""Published pages and what visitors sent by their forms."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tmpa.kernel.base import Base
from tmpa.kernel.scope import PartnerOwned, PartnerPrivateInProgramme


class PublishedPage(PartnerOwned, Base):
    """A campaign's page in one locale, as static files in the object store under `pages/<slug>/<locale>/`."""

    __tablename__ = "published_pages"
    __prefix__ = "pag"
    __table_args__ = (UniqueConstraint("campaign_id", "piece", "locale"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    piece: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(String(400))
    object_key: Mapped[str] = mapped_column(String(300))
    content_hash: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Submission(PartnerPrivateInProgramme, Base):
    """One form sent by a visitor; its id is that of the engagement event, so that it is stored once."""

    __tablename__ = "submissions"
    __prefix__ = "sbm"

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    page_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("published_pages.id"))
    recipient_id: Mapped[uuid.UUID | None]
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contacts.id"))
    locale: Mapped[str] = mapped_column(String(16))
    email_key: Mapped[str] = mapped_column(String(320))
    fields: Mapped[dict[str, Any]]
    consent_wording: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime]
