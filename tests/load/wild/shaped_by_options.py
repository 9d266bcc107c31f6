"""A shape that reads the usual options: it is made for users and a length that somebody else says."""

from locust import FastHttpUser, LoadTestShape, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def visit(self):
        self.client.get("/visit")


class HalfAndAll(LoadTestShape):
    use_common_options = True

    def tick(self):
        options = self.runner.environment.parsed_options
        if self.get_run_time() > options.run_time:
            return None
        is_late = self.get_run_time() > options.run_time / 2
        return (options.num_users if is_late else max(options.num_users // 2, 1)), 100
