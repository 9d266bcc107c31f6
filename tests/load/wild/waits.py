"""Every way to wait, old ones too, and a task set with a wait of its own."""

from locust import FastHttpUser, TaskSet, between, constant, constant_pacing, constant_throughput, task


class Quick(TaskSet):
    wait_time = constant(0.01)

    @task(2)
    def quick(self):
        self.client.get("/quick")

    @task
    def stop(self):
        self.interrupt()


class Paced(FastHttpUser):
    wait_time = constant_pacing(0.03)
    tasks = [Quick]


class Throughput(FastHttpUser):
    wait_time = constant_throughput(40)

    @task
    def steady(self):
        self.client.get("/steady")
        self.wait()


class Between(FastHttpUser):
    wait_time = between(0.005, 0.02)

    @task
    def any(self):
        self.client.get("/any")
