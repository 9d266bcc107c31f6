"""perfkit's HTTP client in the place of Locust's, for scenarios that do not know of it.

swap puts it there, fit says which classes it cannot serve, clients has the ways of the clients that it stands for. Runs
inside the load child.
"""
