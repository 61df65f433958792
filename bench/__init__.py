"""Measure Convenor against raw baselines taken in the same run: `make bench` (design §7)."""
