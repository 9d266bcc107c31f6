"""Where they may be built to be tried."""
