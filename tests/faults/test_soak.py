from __future__ import annotations

from tests.faults import rows_soak
from tests.faults.short import played

test_row = played(rows_soak)
