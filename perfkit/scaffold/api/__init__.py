"""What an OpenAPI document declares, and requests made up from it."""
