"""How much memory this machine has."""

import os

_USUAL = 8 * 10**9  # where the system does not say


def physical_memory() -> int:
    """Bytes of main memory, used or not."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return _USUAL
