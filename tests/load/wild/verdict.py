"""Judges itself at the end, by Locust's own statistics, and counts replies in a listener of its own."""

import logging

from locust import HttpUser, constant, events, task

replies = []


class Buyer(HttpUser):
    wait_time = constant(0.01)

    @task(5)
    def fine(self):
        self.client.get("/fine")

    @task(5)
    def broken(self):
        self.client.get("/500", name="broken")


@events.request.add_listener
def count(request_type, name, response_time, response_length, response, context, exception, start_time, url, **kwargs):
    replies.append((name, response.status_code))


@events.quitting.add_listener
def _(environment, **kw):
    total = environment.stats.total
    logging.error("seen %d, counted %d", total.num_requests, len(replies))
    if not total.num_requests or total.fail_ratio > 0.01:
        environment.process_exit_code = 3
