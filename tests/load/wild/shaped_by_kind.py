"""Each stage has its own kinds of users. An abstract shape is no shape."""

from locust import FastHttpUser, LoadTestShape, constant, task


class Reader(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def read(self):
        self.client.get("/read")


class Writer(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def write(self):
        self.client.post("/write", data="x")


class TimedShape(LoadTestShape):
    abstract = True
    time_limit = 600


class Kinds(TimedShape):
    stages = ((1.2, 2, [Reader]), (2.4, 6, [Reader, Writer]))

    def tick(self):
        for until, users, kinds in self.stages:
            if self.get_run_time() < until:
                return users, 10, kinds
        return None
