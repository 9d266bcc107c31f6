from locust import TaskSet, task

QUERY = "tea"


class Home(TaskSet):
    @task
    def home(self):
        self.client.get("/home")
        self.interrupt()
