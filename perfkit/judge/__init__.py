"""Judging what was measured: against targets, against another run, and whether it may be trusted at all."""
