"""Mistakes planted in the product, to prove that the checks can fail."""
from __future__ import annotations
MUTANTS: dict[str, object] = {}
def hunt(name, plans, jobs):
    return []
