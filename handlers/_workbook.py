"""Cells of a workbook (XLSX) from outside: judged before it is unpacked, read row by row, formulas never worked out."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator

from chat.errors import UserError
from chat.text import say

PARTS_MAX = 300
UNPACKED_MAX = 20_000_000
"""Bytes of all parts together, as the archive says; more than it says is never unpacked."""
SHEETS_MAX = 5
_DECLARES = ("<!DOCTYPE", "<!ENTITY")
"""What no program writes into a workbook: it would let a small text grow without end, or read other files."""


def sheets(content: bytes, rows: int, columns: int) -> Iterator[Iterator[tuple[object, ...]]]:
    """Give the rows of each sheet as tuples, at most so many; the kept result of a formula counts, if there is one.

    Raise `UserError` for what is no workbook or is made to do harm.
    """
    _judge(content)
    import openpyxl  # with all it brings along eleven megabytes, and few installations ever read a workbook

    try:
        with warnings.catch_warnings():  # styles and extensions we do not look at
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets[:SHEETS_MAX]:
                sheet.reset_dimensions()  # what a sheet says about its size is only a claim
                yield _rows(sheet.iter_rows(max_row=rows, max_col=columns, values_only=True))
            book.close()
    except Exception:  # a broken workbook makes the library raise nearly anything
        raise UserError(say("imp_no_table")) from None


def _rows(found: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    try:
        yield from found
    except Exception:
        raise UserError(say("imp_no_table")) from None


def _judge(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            encrypted = any(each.flag_bits & 1 for each in parts)
            if encrypted or len(parts) > PARTS_MAX or sum(each.file_size for each in parts) > UNPACKED_MAX:
                raise UserError(say("imp_no_table"))
            if not any(each.filename == "xl/workbook.xml" for each in parts):
                raise UserError(say("imp_no_table"))
            for each in parts:
                if each.filename.endswith((".xml", ".rels")):
                    _judge_part(packed, each)
    except UserError:
        raise
    except Exception:
        raise UserError(say("imp_no_table")) from None


def _judge_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Look for declarations, which may only stand before the first element."""
    with packed.open(part) as opened:
        head = opened.read(4096)
    for encoding in ("ascii", "utf-16-le", "utf-16-be"):
        if any(each.encode(encoding) in head for each in _DECLARES):
            raise UserError(say("imp_no_table"))
