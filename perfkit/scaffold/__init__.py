"""The files of a user's own suite, as an example or made from what the user has; `suites` writes them."""
