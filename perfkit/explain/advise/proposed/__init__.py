"""Indexes that may serve what is asked."""
