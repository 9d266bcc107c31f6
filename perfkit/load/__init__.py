"""The load path: Locust in a child process, its requests recorded unrounded. Only the child imports Locust."""
