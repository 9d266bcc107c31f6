from pathlib import Path

from locust import HttpUser, constant

USERS_FILE = Path(__file__).parent / "users.csv"


class Base(HttpUser):
    abstract = True
    wait_time = constant(0.02)
