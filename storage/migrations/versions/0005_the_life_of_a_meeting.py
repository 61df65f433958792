"""Seats, delegates, needs, attendance, one-tap and agenda questions, polls, series, personal calendars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Columns are added one by one, never by copying a table: dropping the old copy would delete what refers to it.
    op.create_table(
        "feed_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_feed_link_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_feed_link_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_link_token_hash")),
    )
    op.create_index(op.f("ix_feed_link_community_id"), "feed_link", ["community_id"], unique=False)
    op.create_index(op.f("ix_feed_link_member_id"), "feed_link", ["member_id"], unique=False)

    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("question", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("suggestions", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("chosen_id", sa.Integer(), nullable=True),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_poll_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["member.id"], name=op.f("fk_poll_created_by_member"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
        sa.UniqueConstraint("key", name=op.f("uq_poll_key")),
    )
    op.create_index(op.f("ix_poll_community_id"), "poll", ["community_id"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("template", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_series_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["member.id"], name=op.f("fk_series_created_by_member"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("key", name=op.f("uq_series_key")),
    )
    op.create_index(op.f("ix_series_community_id"), "series", ["community_id"], unique=False)

    op.create_table(
        "agenda_question",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(length=600), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_agenda_question_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_agenda_question_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_question")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_agenda_question_community_id"), "agenda_question", ["community_id"], unique=False)
    op.create_index(op.f("ix_agenda_question_meeting_id"), "agenda_question", ["meeting_id"], unique=False)

    op.create_table(
        "ballot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_ballot_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_ballot_member_id_member"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_ballot_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("poll_id", "member_id", name=op.f("uq_ballot_poll_id_member_id")),
    )
    op.create_index(op.f("ix_ballot_community_id"), "ballot", ["community_id"], unique=False)
    op.create_index(op.f("ix_ballot_member_id"), "ballot", ["member_id"], unique=False)
    op.create_index(op.f("ix_ballot_poll_id"), "ballot", ["poll_id"], unique=False)

    op.create_table(
        "code_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_code_try_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_code_try_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_code_try_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_try")),
        sa.UniqueConstraint("meeting_id", "member_id", name=op.f("uq_code_try_meeting_id_member_id")),
    )
    op.create_index(op.f("ix_code_try_community_id"), "code_try", ["community_id"], unique=False)
    op.create_index(op.f("ix_code_try_meeting_id"), "code_try", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_code_try_member_id"), "code_try", ["member_id"], unique=False)

    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_delegation_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["delegate_id"], ["member.id"], name=op.f("fk_delegation_delegate_id_member"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_delegation_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_delegation_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sa.UniqueConstraint("key", name=op.f("uq_delegation_key")),
    )
    op.create_index(op.f("ix_delegation_community_id"), "delegation", ["community_id"], unique=False)
    op.create_index(op.f("ix_delegation_delegate_id"), "delegation", ["delegate_id"], unique=False)
    op.create_index(op.f("ix_delegation_meeting_id"), "delegation", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_delegation_member_id"), "delegation", ["member_id"], unique=False)

    op.create_table(
        "need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("visa_letter", sa.Boolean(), nullable=False),
        sa.Column("diet", sa.String(length=200), nullable=False),
        sa.Column("access", sa.String(length=300), nullable=False),
        sa.Column("emergency", sa.String(length=120), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delete_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_need_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_need_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_need_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
        sa.UniqueConstraint("meeting_id", "member_id", name=op.f("uq_need_meeting_id_member_id")),
    )
    op.create_index(op.f("ix_need_community_id"), "need", ["community_id"], unique=False)
    op.create_index(op.f("ix_need_meeting_id"), "need", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_need_member_id"), "need", ["member_id"], unique=False)

    op.create_table(
        "one_tap_ask",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=12), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_one_tap_ask_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_one_tap_ask_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_one_tap_ask_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_tap_ask")),
        sa.UniqueConstraint(
            "meeting_id", "question", "member_id", name=op.f("uq_one_tap_ask_meeting_id_question_member_id")
        ),
    )
    op.create_index(op.f("ix_one_tap_ask_community_id"), "one_tap_ask", ["community_id"], unique=False)
    op.create_index(op.f("ix_one_tap_ask_meeting_id"), "one_tap_ask", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_one_tap_ask_member_id"), "one_tap_ask", ["member_id"], unique=False)

    op.create_table(
        "one_tap_total",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_one_tap_total_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_one_tap_total_meeting_id_meeting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_tap_total")),
        sa.UniqueConstraint(
            "meeting_id", "question", "answer", name=op.f("uq_one_tap_total_meeting_id_question_answer")
        ),
    )
    op.create_index(op.f("ix_one_tap_total_community_id"), "one_tap_total", ["community_id"], unique=False)
    op.create_index(op.f("ix_one_tap_total_meeting_id"), "one_tap_total", ["meeting_id"], unique=False)

    op.create_table(
        "poll_option",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("line", sa.String(length=160), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suggested", sa.Boolean(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_poll_option_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_poll_option_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll_option")),
    )
    op.create_index(op.f("ix_poll_option_community_id"), "poll_option", ["community_id"], unique=False)
    op.create_index(op.f("ix_poll_option_poll_id"), "poll_option", ["poll_id"], unique=False)

    op.add_column("attendance", sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attendance", sa.Column("mode", sa.String(length=8), nullable=False, server_default=""))

    op.add_column("invitation", sa.Column("mode", sa.String(length=8), nullable=False, server_default=""))
    op.add_column("invitation", sa.Column("guests", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("invitation", sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invitation", sa.Column("offer_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invitation", sa.Column("represents", sa.Integer(), nullable=True))
    op.add_column("invitation", sa.Column("note", sa.String(length=200), nullable=False, server_default=""))

    op.add_column("meeting", sa.Column("seats", sa.Integer(), nullable=True))
    op.add_column("meeting", sa.Column("seats_online", sa.Integer(), nullable=True))
    op.add_column("meeting", sa.Column("per_organisation", sa.Integer(), nullable=True))
    op.add_column("meeting", sa.Column("guests", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("meeting", sa.Column("online_deadline", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("schedule", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("meeting", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("meeting", sa.Column("checkin_code", sa.String(length=8), nullable=False, server_default=""))
    op.add_column("meeting", sa.Column("series_id", sa.Integer(), nullable=True))
    op.add_column("meeting", sa.Column("occurrence", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("changed_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "changed_by")
    op.drop_column("meeting", "occurrence")
    op.drop_column("meeting", "series_id")
    op.drop_column("meeting", "checkin_code")
    op.drop_column("meeting", "details")
    op.drop_column("meeting", "schedule")
    op.drop_column("meeting", "online_deadline")
    op.drop_column("meeting", "guests")
    op.drop_column("meeting", "per_organisation")
    op.drop_column("meeting", "seats_online")
    op.drop_column("meeting", "seats")

    op.drop_column("invitation", "note")
    op.drop_column("invitation", "represents")
    op.drop_column("invitation", "offer_until")
    op.drop_column("invitation", "queued_at")
    op.drop_column("invitation", "guests")
    op.drop_column("invitation", "mode")

    op.drop_column("attendance", "mode")
    op.drop_column("attendance", "at")

    op.drop_index(op.f("ix_poll_option_poll_id"), table_name="poll_option")
    op.drop_index(op.f("ix_poll_option_community_id"), table_name="poll_option")

    op.drop_table("poll_option")
    op.drop_index(op.f("ix_one_tap_total_meeting_id"), table_name="one_tap_total")
    op.drop_index(op.f("ix_one_tap_total_community_id"), table_name="one_tap_total")

    op.drop_table("one_tap_total")
    op.drop_index(op.f("ix_one_tap_ask_member_id"), table_name="one_tap_ask")
    op.drop_index(op.f("ix_one_tap_ask_meeting_id"), table_name="one_tap_ask")
    op.drop_index(op.f("ix_one_tap_ask_community_id"), table_name="one_tap_ask")

    op.drop_table("one_tap_ask")
    op.drop_index(op.f("ix_need_member_id"), table_name="need")
    op.drop_index(op.f("ix_need_meeting_id"), table_name="need")
    op.drop_index(op.f("ix_need_community_id"), table_name="need")

    op.drop_table("need")
    op.drop_index(op.f("ix_delegation_member_id"), table_name="delegation")
    op.drop_index(op.f("ix_delegation_meeting_id"), table_name="delegation")
    op.drop_index(op.f("ix_delegation_delegate_id"), table_name="delegation")
    op.drop_index(op.f("ix_delegation_community_id"), table_name="delegation")

    op.drop_table("delegation")
    op.drop_index(op.f("ix_code_try_member_id"), table_name="code_try")
    op.drop_index(op.f("ix_code_try_meeting_id"), table_name="code_try")
    op.drop_index(op.f("ix_code_try_community_id"), table_name="code_try")

    op.drop_table("code_try")
    op.drop_index(op.f("ix_ballot_poll_id"), table_name="ballot")
    op.drop_index(op.f("ix_ballot_member_id"), table_name="ballot")
    op.drop_index(op.f("ix_ballot_community_id"), table_name="ballot")

    op.drop_table("ballot")
    op.drop_index(op.f("ix_agenda_question_meeting_id"), table_name="agenda_question")
    op.drop_index(op.f("ix_agenda_question_community_id"), table_name="agenda_question")

    op.drop_table("agenda_question")
    op.drop_index(op.f("ix_series_community_id"), table_name="series")

    op.drop_table("series")
    op.drop_index(op.f("ix_poll_community_id"), table_name="poll")

    op.drop_table("poll")
    op.drop_index(op.f("ix_feed_link_member_id"), table_name="feed_link")
    op.drop_index(op.f("ix_feed_link_community_id"), table_name="feed_link")

    op.drop_table("feed_link")
