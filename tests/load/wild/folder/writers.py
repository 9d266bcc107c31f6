from locust import FastHttpUser, constant, task


class Writer(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def write(self):
        self.client.post("/write", json={"a": 1})
