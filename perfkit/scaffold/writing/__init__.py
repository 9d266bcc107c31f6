"""What was imported, as text: the Locust file and the perfkit.toml."""
