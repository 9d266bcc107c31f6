from locust import TaskSet, task

from .home import QUERY


class Search(TaskSet):
    @task
    def search(self):
        self.client.get("/search", params={"q": QUERY}, name="/search")
        self.interrupt()
