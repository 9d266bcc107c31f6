"""Steps in a fixed order, nested, left by interrupt; plain functions as tasks; a user that stops itself."""

from locust import HttpUser, SequentialTaskSet, TaskSet, constant, task
from locust.exception import RescheduleTask, StopUser


def index(user):
    user.client.get("/index")


class Checkout(SequentialTaskSet):
    @task
    def basket(self):
        self.client.get("/basket")

    @task
    class Payment(TaskSet):
        @task
        def pay(self):
            with self.client.post("/pay", json={"amount": 1}, catch_response=True) as reply:
                if reply.status_code == 402:
                    raise RescheduleTask()
            self.interrupt(reschedule=False)

    @task
    def confirm(self):
        self.client.get("/confirm")
        self.interrupt()


class Shopper(HttpUser):
    wait_time = constant(0.01)
    tasks = [index, Checkout]


class OneShot(HttpUser):
    fixed_count = 1

    @task
    def once(self):
        self.client.get("/once")
        raise StopUser()
