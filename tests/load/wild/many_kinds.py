"""Several classes of users: weights, a fixed count, an abstract base, mixed HTTP clients, tags."""

from locust import FastHttpUser, HttpUser, constant, tag, task


class WebsiteUser(HttpUser):
    abstract = True
    wait_time = constant(0.01)

    def on_start(self):
        self.client.get("/start", name=f"start {type(self).__name__}")


class Visitor(WebsiteUser):
    weight = 3

    @tag("read")
    @task
    def home(self):
        self.client.get("/")


class Buyer(WebsiteUser):
    weight = 1

    @tag("buy")
    @task
    def checkout(self):
        self.client.post("/checkout", {"basket": "1"}, name="checkout")


class Admin(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0.01)

    @tag("read", "slow")
    @task
    def admin(self):
        self.client.get("/admin")
