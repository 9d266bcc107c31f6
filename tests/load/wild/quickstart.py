"""What a first locustfile looks like: pages, a weight, a wait, a login; and a guard for running it by hand."""

import time

from locust import HttpUser, between, run_single_user, task


class QuickstartUser(HttpUser):
    host = "http://localhost:9"  # --host wins
    wait_time = between(0.01, 0.02)

    @task
    def hello_world(self):
        self.client.get("/hello")
        self.client.get("/world")

    @task(3)
    def view_items(self):
        for item_id in range(3):
            self.client.get(f"/item?id={item_id}", name="/item")
            time.sleep(0.001)

    def on_start(self):
        self.client.post("/login", json={"username": "foo", "password": "bar"})

    def on_stop(self):
        self.client.get("/logout")


if __name__ == "__main__":
    run_single_user(QuickstartUser)
