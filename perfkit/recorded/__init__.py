"""What a run recorded: rows on disk, and read back a piece at a time, however many there are."""
