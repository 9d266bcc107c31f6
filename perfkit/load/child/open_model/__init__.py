"""The open model: arrivals keep their time, whoever is slow. Runs inside the load child.

dispatcher hands arrivals out and makes users, crew knows the users of one class, taking makes Locust's users wait for
arrivals, timer wakes the dispatcher. When arrivals are due, perfkit.load.arrivals says.
"""
