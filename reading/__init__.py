"""Reading files that people give us: what they really are, and their words; hostile ones harm nobody.

A file is judged by its content alone, in a child process with little memory, little time and none of our secrets
(reliability S33, S34). This package imports nothing of ours.
"""

from reading._file import ENDINGS, LIMIT, Read, Refused, Why
from reading._parent import SECONDS, read

DOCUMENTS = ("pdf", "docx", "md")
IMAGES = ("png", "jpg")
MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "png": "image/png",
    "jpg": "image/jpeg",
}
"""MIME types by kind."""

__all__ = ["DOCUMENTS", "ENDINGS", "IMAGES", "LIMIT", "MEDIA", "SECONDS", "Read", "Refused", "Why", "read"]
