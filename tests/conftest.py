"""What the tests share: the real data beside the repository, the sample ward, and the tiny town."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real open data; without it the test is skipped, or fails where it is required."""
    folder = Path(os.environ.get("IBASHO_REALDATA", ROOT.parent / "shared" / "realdata"))
    if folder.is_dir():
        return folder
    reason = f"no real data at {folder} (set IBASHO_REALDATA)"
    if os.environ.get("IBASHO_REQUIRE_REALDATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sample() -> Path:
    """The fictional ward."""
    return ROOT / "data" / "sample"
