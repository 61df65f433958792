"""The kinds of database a test runs on: both, unless it says here that one proves it."""

from __future__ import annotations

import pytest

on_one = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For a dialogue or a text, which does not depend on the kind of database; what many do at once runs on both."""
