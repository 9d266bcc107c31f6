"""What a HAR recorded: exchanges, which of them are load, and what one told the next."""
