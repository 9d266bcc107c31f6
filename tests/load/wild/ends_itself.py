"""Ends the run from within a task."""

from locust import FastHttpUser, constant, task


class Impatient(FastHttpUser):
    wait_time = constant(0.01)
    calls = 0

    @task
    def some(self):
        self.client.get("/some")
        self.calls += 1
        if self.calls == 40:
            self.environment.runner.quit()
