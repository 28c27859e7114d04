"""Matrix products on one thread each.

OpenBLAS's threads wait for one another by spinning. With anything else running, a product split
between them takes ten to fifty times as long (seen on two busy cores: a head of 0.2 s took 10 s),
and on thin matrices the split gains little where all is quiet. Whoever wants more cores hands
whole products to threads of its own.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def one_thread_a_product() -> Iterator[None]:
    """Inside, numpy and SciPy use one thread for each product, for the whole process."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _controller() -> Any:
    """Looking for the libraries costs milliseconds: once is enough."""
    import scipy.linalg  # noqa: F401 - it brings a BLAS of its own, which must be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
