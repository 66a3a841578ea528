"""Whole processes, real HTTP, a real browser."""
