"""self.rest, assertions within, JSON that is none, and lost cookies; a session of its own for an absolute address."""

from locust import FastHttpUser, constant, task


class Api(FastHttpUser):
    wait_time = constant(0.01)
    default_headers = {"User-Agent": "wild"}

    @task
    def fine(self):
        with self.rest("GET", "/json") as reply:
            assert reply.js["token"], "no token"

    @task
    def asserted(self):
        with self.rest("POST", "/json", json={"a": 1}, name="asserted") as reply:
            assert reply.js["token"] == "another", "not my token"

    @task
    def no_json(self):
        with self.rest("GET", "/text", name="no JSON") as reply:
            pass

    @task
    def stamped(self):
        with self.rest_("GET", "/json/stamp") as reply:
            pass

    @task
    def elsewhere(self):
        self.client.get(f"{self.environment.host}/elsewhere", name="elsewhere", cookies={"a": "b"})
