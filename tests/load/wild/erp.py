"""An ERP: a token from the login goes into the session's headers, replies are validated, calls are grouped by name."""

import logging
import random

from locust import HttpUser, TaskSet, events, tag, task

logger = logging.getLogger("erp")


class Orders(TaskSet):
    """A part of the application that the clerk leaves again."""

    def on_start(self):
        self.opened = 0

    @tag("orders")
    @task(5)
    def list_orders(self):
        with self.client.get("/orders", params={"page": random.randint(1, 9)}, name="/orders", catch_response=True) as r:
            if "rows" not in r.json():
                r.failure("no rows")
            elif r.elapsed.total_seconds() > 30:
                r.failure("too slow")
            else:
                r.success()
        self.opened += 1

    @tag("orders", "write")
    @task(1)
    def new_order(self):
        self.client.post("/orders", json={"item": 17}, headers={"X-Request": "1"}, name="POST /orders")

    @task(1)
    def leave(self):
        self.interrupt(reschedule=False)


class Clerk(HttpUser):
    tasks = {Orders: 3}
    # One wait for the first tasks of the day, another afterwards.
    started = 0

    def wait_time(self):
        self.started += 1
        return 0.05 if self.started < 2 else 0.01

    def on_start(self):
        reply = self.client.post("/api/login", data={"user": "clerk", "password": "x"})
        if reply.status_code != 200:
            self.environment.runner.quit()
        self.token = reply.json()["token"]
        self.client.headers.update({"Authorization": f"Bearer {self.token}"})
        self.client.verify = False

    @tag("reports")
    @task(2)
    def reports(self):
        self.client.request_name = "Reports"
        self.client.get("/reports/today")
        self.client.get("/reports/yesterday")
        self.client.request_name = None
        with self.client.rename_request("Report by id"):
            self.client.get("/reports/17")

    @task(1)
    def missing(self):
        with self.client.get("/missing", name="Missing, as it should be", catch_response=True) as reply:
            if reply.status_code == 404:
                reply.success()


@events.test_start.add_listener
def begin(environment, **kwargs):
    print(f"load of {environment.host} by {environment.locustfile}")


@events.test_stop.add_listener
def end(environment, **kwargs):
    print("the load has ended")
