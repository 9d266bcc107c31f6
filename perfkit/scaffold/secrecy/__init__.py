"""Secrets of a source: where they stand, and how none of them reaches a file."""
