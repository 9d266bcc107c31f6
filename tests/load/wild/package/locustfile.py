"""In a folder with its own modules: siblings by name, a package below with relative imports."""

from common import USERS_FILE, Base
from locust import task
from pages import Home, Search


class Customer(Base):
    tasks = [Home, Search]


class Reader(Base):
    @task
    def read(self):
        assert USERS_FILE.name == "users.csv"
        self.client.get("/read")
