"""A load that draws its own curve, and ends when it is done."""

from locust import FastHttpUser, LoadTestShape, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def visit(self):
        self.client.get("/visit")


class StagesShape(LoadTestShape):
    stages = [
        {"duration": 1.5, "users": 2, "spawn_rate": 10},
        {"duration": 3, "users": 5, "spawn_rate": 10},
    ]

    def tick(self):
        run_time = self.get_run_time()
        for stage in self.stages:
            if run_time < stage["duration"]:
                return (stage["users"], stage["spawn_rate"])
        return None
