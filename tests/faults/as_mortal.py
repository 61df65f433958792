"""Imported first by a process that must obey the rights of files: it gives up what sets root apart.

The user stays the same, because a Python below root's own folder could not load another module as somebody else.
"""

from __future__ import annotations

import ctypes
import os

VERSION_3 = 0x20080522

if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 bits
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capset")
