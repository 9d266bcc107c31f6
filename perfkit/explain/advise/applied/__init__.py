"""Building them on the real database, and back."""
