"""The command line: one file a command; `app` holds them together and is the door for errors."""
