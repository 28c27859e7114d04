"""Fixtures every stage may use."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_offline() -> Path:
    """The folder with real weights and pictures, where it is at hand."""
    folder = SHARED / "offline"
    if not folder.is_dir():
        pytest.skip("needs ../shared/offline (real weights and pictures), which is not here")
    return folder
