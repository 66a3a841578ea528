"""Cards as notifications of a phone: one title, a few plain lines, one or two links. Nobody can press anything.

`plain` is what the three of them share; each of the others is one carrier.
"""

from __future__ import annotations
