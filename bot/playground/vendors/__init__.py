"""The vendors of texts and calls on loopback: they judge every request by its own bytes, and call back as they do.

`exchange.py` is what they share; each of the others is one vendor.
"""

from __future__ import annotations
