"""What they do when they are really there."""
