"""The mark of tests that need a program beside Python."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "real: needs a real program; skipped where it is missing, with EVDSL_REAL=1 it fails"
    )
