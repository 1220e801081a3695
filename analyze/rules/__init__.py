"""Rules as data: each TOML file here is one rule, with its source, its thresholds and what it does not apply to."""

from __future__ import annotations
