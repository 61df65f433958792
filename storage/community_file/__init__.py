"""Community files: a community, its staff, channels, members and meetings as one YAML text (design §4 and §9).

`load` checks a file and names every mistake with its line; `take_in` brings a database in step with it, by ids, in one
transaction: what people changed in chat stays unless the file itself was changed at that place.
"""

from __future__ import annotations

from storage.community_file._apply import Change, Refused, Report, take_in
from storage.community_file._load import is_history, load, load_history
from storage.community_file._marks import ImportedEntry
from storage.community_file._reading import FileError, Problem
from storage.community_file._shape import CommunityFile, ConnectionEntry, HistoryFile, MeetingEntry

__all__ = [
    "Change", "CommunityFile", "ConnectionEntry", "FileError", "HistoryFile", "ImportedEntry", "MeetingEntry",
    "Problem", "Refused", "Report", "is_history", "load", "load_history", "take_in",
]  # fmt: skip
