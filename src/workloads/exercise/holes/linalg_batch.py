"""Exercise linalg-batch: small products in batches, as many in a call as memory holds."""

# Task: fill the hole in compute. first and second are stacks of matrices, of shape
# (count, n, n); return the stack of the products first[k] @ second[k].
#
# One call for each product spends its time on calls, on a GPU above all; one call for all
# does not fit into memory. `first[a:b] @ second[a:b]` is one call for a batch: let no batch
# have more than `most` matrices, and make no more calls than needed. The last batch may be
# smaller.
#
# Check it: python -m workloads exercise linalg-batch --check THIS_FILE

from __future__ import annotations

from typing import Any

import numpy as np


def compute(first: Any, second: Any, most: int) -> Any:
    """Return the products, a batch of at most `most` of them in a call."""
    products = np.empty(first.shape)
    raise NotImplementedError("multiply batch after batch")
