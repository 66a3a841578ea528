"""Who carries texts and calls: one file a vendor, requests signed by hand, no vendor SDK.

A vendor is pure (`contract.py`); `line.py` is the one file that talks to the network.
"""

from __future__ import annotations
