"""Documents with files and versions, pages, search, webinars, announcements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Columns are added one by one, never by copying a table: dropping the old copy would delete what refers to it.
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_announcement_community_id_community"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
        sa.UniqueConstraint("key", name=op.f("uq_announcement_key")),
    )
    op.create_index(op.f("ix_announcement_community_id"), "announcement", ["community_id"], unique=False)

    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_stored_file_community_id_community"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("blob", name=op.f("uq_stored_file_blob")),
        sa.UniqueConstraint("key", name=op.f("uq_stored_file_key")),
    )
    op.create_index(op.f("ix_stored_file_community_id"), "stored_file", ["community_id"], unique=False)

    op.create_table(
        "webinar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("about", sa.String(length=600), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("join_link", sa.String(length=500), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("show_number", sa.Boolean(), nullable=False),
        sa.Column("moderator_id", sa.Integer(), nullable=True),
        sa.Column("speakers", sa.JSON(), nullable=False),
        sa.Column("agreed", sa.JSON(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("recording_link", sa.String(length=500), nullable=False),
        sa.Column("public_token", sa.String(length=32), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False, server_default=""),
        sa.Column("page_link", sa.String(length=500), nullable=False, server_default=""),
        sa.Column("tell_members", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_webinar_community_id_community"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar")),
        sa.UniqueConstraint("community_id", "code", name=op.f("uq_webinar_community_id_code")),
        sa.UniqueConstraint("key", name=op.f("uq_webinar_key")),
        sa.UniqueConstraint("public_token", name=op.f("uq_webinar_public_token")),
    )
    op.create_index(op.f("ix_webinar_community_id"), "webinar", ["community_id"], unique=False)

    op.create_table(
        "platform_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("remote", sa.String(length=200), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_platform_file_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_platform_file_file_id_stored_file"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_file")),
        sa.UniqueConstraint(
            "file_id", "platform", "workspace", name=op.f("uq_platform_file_file_id_platform_workspace")
        ),
    )
    op.create_index(op.f("ix_platform_file_community_id"), "platform_file", ["community_id"], unique=False)

    op.create_table(
        "webinar_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=600), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_webinar_question_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_question_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_question")),
    )
    op.create_index(op.f("ix_webinar_question_community_id"), "webinar_question", ["community_id"], unique=False)
    op.create_index(op.f("ix_webinar_question_webinar_id"), "webinar_question", ["webinar_id"], unique=False)

    op.create_table(
        "announcement_read",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcement.id"],
            name=op.f("fk_announcement_read_announcement_id_announcement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_announcement_read_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_announcement_read_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_read")),
        sa.UniqueConstraint(
            "announcement_id", "member_id", name=op.f("uq_announcement_read_announcement_id_member_id")
        ),
    )
    op.create_index(
        op.f("ix_announcement_read_announcement_id"), "announcement_read", ["announcement_id"], unique=False
    )
    op.create_index(op.f("ix_announcement_read_community_id"), "announcement_read", ["community_id"], unique=False)
    op.create_index(op.f("ix_announcement_read_member_id"), "announcement_read", ["member_id"], unique=False)

    op.create_table(
        "registrant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("organisation_type", sa.String(length=40), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_hash", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_version", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("attended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_registrant_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_registrant_member_id_member"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_registrant_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrant")),
        sa.UniqueConstraint("key", name=op.f("uq_registrant_key")),
        sa.UniqueConstraint("webinar_id", "member_id", name=op.f("uq_registrant_webinar_id_member_id")),
    )
    op.create_index(op.f("ix_registrant_community_id"), "registrant", ["community_id"], unique=False)
    op.create_index(op.f("ix_registrant_email_hash"), "registrant", ["email_hash"], unique=False)
    op.create_index(op.f("ix_registrant_member_id"), "registrant", ["member_id"], unique=False)
    op.create_index(op.f("ix_registrant_token_hash"), "registrant", ["token_hash"], unique=False)
    op.create_index(op.f("ix_registrant_webinar_id"), "registrant", ["webinar_id"], unique=False)

    op.create_table(
        "webinar_answer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_webinar_answer_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_answer_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_answer")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_webinar_answer_community_id"), "webinar_answer", ["community_id"], unique=False)
    op.create_index(op.f("ix_webinar_answer_webinar_id"), "webinar_answer", ["webinar_id"], unique=False)

    op.create_table(
        "webinar_comment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_webinar_comment_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_comment_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_comment")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_webinar_comment_community_id"), "webinar_comment", ["community_id"], unique=False)
    op.create_index(op.f("ix_webinar_comment_webinar_id"), "webinar_comment", ["webinar_id"], unique=False)

    op.create_table(
        "webinar_flag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("commented", sa.Boolean(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_webinar_flag_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_flag_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_webinar_flag_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_flag")),
        sa.UniqueConstraint("webinar_id", "member_id", name=op.f("uq_webinar_flag_webinar_id_member_id")),
    )
    op.create_index(op.f("ix_webinar_flag_community_id"), "webinar_flag", ["community_id"], unique=False)
    op.create_index(op.f("ix_webinar_flag_member_id"), "webinar_flag", ["member_id"], unique=False)
    op.create_index(op.f("ix_webinar_flag_webinar_id"), "webinar_flag", ["webinar_id"], unique=False)

    op.create_table(
        "access_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_access_entry_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_access_entry_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_access_entry_member_id_member"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_entry")),
    )
    op.create_index(op.f("ix_access_entry_community_id"), "access_entry", ["community_id"], unique=False)
    op.create_index(op.f("ix_access_entry_document_id"), "access_entry", ["document_id"], unique=False)

    op.create_table(
        "document_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_document_decision_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_decision_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_document_decision_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_decision")),
    )
    op.create_index(op.f("ix_document_decision_community_id"), "document_decision", ["community_id"], unique=False)
    op.create_index("ix_document_decision_document", "document_decision", ["document_id", "kind"], unique=False)
    op.create_index(op.f("ix_document_decision_member_id"), "document_decision", ["member_id"], unique=False)

    op.create_table(
        "document_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=600), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name=op.f("fk_document_version_community_id_community"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_version_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_version")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_document_version_document_id_number")),
    )
    op.create_index(op.f("ix_document_version_community_id"), "document_version", ["community_id"], unique=False)
    op.create_index(op.f("ix_document_version_document_id"), "document_version", ["document_id"], unique=False)

    op.create_table(
        "memo_reader",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_memo_reader_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_memo_reader_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_memo_reader_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memo_reader")),
        sa.UniqueConstraint("document_id", "member_id", name=op.f("uq_memo_reader_document_id_member_id")),
    )
    op.create_index(op.f("ix_memo_reader_community_id"), "memo_reader", ["community_id"], unique=False)
    op.create_index(op.f("ix_memo_reader_document_id"), "memo_reader", ["document_id"], unique=False)
    op.create_index(op.f("ix_memo_reader_member_id"), "memo_reader", ["member_id"], unique=False)

    op.create_table(
        "page_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_page_link_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_page_link_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_page_link_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_page_link_token_hash")),
    )
    op.create_index(op.f("ix_page_link_community_id"), "page_link", ["community_id"], unique=False)
    op.create_index(op.f("ix_page_link_document_id"), "page_link", ["document_id"], unique=False)
    op.create_index(op.f("ix_page_link_member_id"), "page_link", ["member_id"], unique=False)

    op.create_table(
        "page_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_page_session_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_page_session_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_page_session_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_page_session_token_hash")),
    )
    op.create_index(op.f("ix_page_session_community_id"), "page_session", ["community_id"], unique=False)
    op.create_index(op.f("ix_page_session_document_id"), "page_session", ["document_id"], unique=False)
    op.create_index(op.f("ix_page_session_member_id"), "page_session", ["member_id"], unique=False)

    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("heading", sa.String(length=800), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_search_entry_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_search_entry_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("document_id", "language", name=op.f("uq_search_entry_document_id_language")),
    )
    op.create_index(op.f("ix_search_entry_community_id"), "search_entry", ["community_id"], unique=False)
    op.create_index(op.f("ix_search_entry_document_id"), "search_entry", ["document_id"], unique=False)

    op.create_table(
        "document_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_document_file_community_id_community"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_document_file_file_id_stored_file")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_version.id"],
            name=op.f("fk_document_file_version_id_document_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
        sa.UniqueConstraint("version_id", "language", name=op.f("uq_document_file_version_id_language")),
    )
    op.create_index(op.f("ix_document_file_community_id"), "document_file", ["community_id"], unique=False)
    op.create_index(op.f("ix_document_file_version_id"), "document_file", ["version_id"], unique=False)

    op.add_column("acknowledgment", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("acknowledgment", sa.Column("again_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("channel", sa.Column("people", sa.JSON(), nullable=False, server_default="{}"))

    op.add_column("document", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("document", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("document", sa.Column("author_id", sa.Integer(), nullable=True))
    op.add_column("document", sa.Column("approver_id", sa.Integer(), nullable=True))
    op.add_column("document", sa.Column("theme", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("document", sa.Column("region", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("document", sa.Column("keywords", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("document", sa.Column("link", sa.String(length=500), nullable=False, server_default=""))
    op.add_column("document", sa.Column("audience", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("document", sa.Column("targets", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("document", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("document", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("ack_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("document", sa.Column("reason", sa.String(length=600), nullable=False, server_default=""))

    # Memos brought in with their history are read by those who were invited.
    op.execute(
        "INSERT INTO memo_reader (document_id, member_id, added_at, community_id) "
        "SELECT d.id, i.member_id, d.distributed_at, d.community_id FROM document d "
        "JOIN invitation i ON i.meeting_id = d.meeting_id "
        "WHERE d.kind = 'memo' AND d.distributed_at IS NOT NULL AND i.delivered"
    )


def downgrade() -> None:
    op.drop_column("document", "reason")
    op.drop_column("document", "withdrawn_at")
    op.drop_column("document", "expires_at")
    op.drop_column("document", "published_at")
    op.drop_column("document", "embargo_until")
    op.drop_column("document", "ack_by")
    op.drop_column("document", "created_at")
    op.drop_column("document", "details")
    op.drop_column("document", "targets")
    op.drop_column("document", "audience")
    op.drop_column("document", "link")
    op.drop_column("document", "keywords")
    op.drop_column("document", "region")
    op.drop_column("document", "theme")
    op.drop_column("document", "approver_id")
    op.drop_column("document", "author_id")
    op.drop_column("document", "revision")
    op.drop_column("document", "version")

    op.drop_column("channel", "people")

    op.drop_column("acknowledgment", "again_at")
    op.drop_column("acknowledgment", "version")

    op.drop_index(op.f("ix_document_file_version_id"), table_name="document_file")
    op.drop_index(op.f("ix_document_file_community_id"), table_name="document_file")

    op.drop_table("document_file")
    op.drop_index(op.f("ix_search_entry_document_id"), table_name="search_entry")
    op.drop_index(op.f("ix_search_entry_community_id"), table_name="search_entry")

    op.drop_table("search_entry")
    op.drop_index(op.f("ix_page_session_member_id"), table_name="page_session")
    op.drop_index(op.f("ix_page_session_document_id"), table_name="page_session")
    op.drop_index(op.f("ix_page_session_community_id"), table_name="page_session")

    op.drop_table("page_session")
    op.drop_index(op.f("ix_page_link_member_id"), table_name="page_link")
    op.drop_index(op.f("ix_page_link_document_id"), table_name="page_link")
    op.drop_index(op.f("ix_page_link_community_id"), table_name="page_link")

    op.drop_table("page_link")
    op.drop_index(op.f("ix_memo_reader_member_id"), table_name="memo_reader")
    op.drop_index(op.f("ix_memo_reader_document_id"), table_name="memo_reader")
    op.drop_index(op.f("ix_memo_reader_community_id"), table_name="memo_reader")

    op.drop_table("memo_reader")
    op.drop_index(op.f("ix_document_version_document_id"), table_name="document_version")
    op.drop_index(op.f("ix_document_version_community_id"), table_name="document_version")

    op.drop_table("document_version")
    op.drop_index(op.f("ix_document_decision_member_id"), table_name="document_decision")
    op.drop_index("ix_document_decision_document", table_name="document_decision")
    op.drop_index(op.f("ix_document_decision_community_id"), table_name="document_decision")

    op.drop_table("document_decision")
    op.drop_index(op.f("ix_access_entry_document_id"), table_name="access_entry")
    op.drop_index(op.f("ix_access_entry_community_id"), table_name="access_entry")

    op.drop_table("access_entry")
    op.drop_index(op.f("ix_webinar_flag_webinar_id"), table_name="webinar_flag")
    op.drop_index(op.f("ix_webinar_flag_member_id"), table_name="webinar_flag")
    op.drop_index(op.f("ix_webinar_flag_community_id"), table_name="webinar_flag")

    op.drop_table("webinar_flag")
    op.drop_index(op.f("ix_webinar_comment_webinar_id"), table_name="webinar_comment")
    op.drop_index(op.f("ix_webinar_comment_community_id"), table_name="webinar_comment")

    op.drop_table("webinar_comment")
    op.drop_index(op.f("ix_webinar_answer_webinar_id"), table_name="webinar_answer")
    op.drop_index(op.f("ix_webinar_answer_community_id"), table_name="webinar_answer")

    op.drop_table("webinar_answer")
    op.drop_index(op.f("ix_registrant_webinar_id"), table_name="registrant")
    op.drop_index(op.f("ix_registrant_token_hash"), table_name="registrant")
    op.drop_index(op.f("ix_registrant_member_id"), table_name="registrant")
    op.drop_index(op.f("ix_registrant_email_hash"), table_name="registrant")
    op.drop_index(op.f("ix_registrant_community_id"), table_name="registrant")

    op.drop_table("registrant")
    op.drop_index(op.f("ix_announcement_read_member_id"), table_name="announcement_read")
    op.drop_index(op.f("ix_announcement_read_community_id"), table_name="announcement_read")
    op.drop_index(op.f("ix_announcement_read_announcement_id"), table_name="announcement_read")

    op.drop_table("announcement_read")
    op.drop_index(op.f("ix_webinar_question_webinar_id"), table_name="webinar_question")
    op.drop_index(op.f("ix_webinar_question_community_id"), table_name="webinar_question")

    op.drop_table("webinar_question")
    op.drop_index(op.f("ix_platform_file_community_id"), table_name="platform_file")

    op.drop_table("platform_file")
    op.drop_index(op.f("ix_webinar_community_id"), table_name="webinar")

    op.drop_table("webinar")
    op.drop_index(op.f("ix_stored_file_community_id"), table_name="stored_file")

    op.drop_table("stored_file")
    op.drop_index(op.f("ix_announcement_community_id"), table_name="announcement")

    op.drop_table("announcement")
