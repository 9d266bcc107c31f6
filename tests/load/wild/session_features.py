"""What requests' Session has and a lean client has not: an adapter of its own, a response hook, streaming."""

from locust import HttpUser, constant, task
from requests.adapters import HTTPAdapter


class Adapted(HttpUser):
    wait_time = constant(0.02)

    def on_start(self):
        self.client.mount("http://", HTTPAdapter(pool_maxsize=5, max_retries=2))

    @task
    def get(self):
        self.client.get("/adapted")


class Streaming(HttpUser):
    wait_time = constant(0.02)

    @task
    def stream(self):
        reply = self.client.get("/stream", stream=True)
        for _ in reply.iter_content(4):
            pass


class Plain(HttpUser):
    wait_time = constant(0.02)

    def on_start(self):
        self.client.headers = {"X-Tenant": "7"}
        self.client.cookies.set("session", "1")
        self.client.auth = ("user", "password")
        self.client.timeout = 5

    @task
    def echo(self):
        with self.client.get("/echo", params={"q": "a b"}, catch_response=True) as reply:
            said = reply.json()
            wanted = ("7", "session=1", "Basic dXNlcjpwYXNzd29yZA==")
            if (said["x-tenant"], said["cookie"], said["authorization"]) != wanted:
                reply.failure(f"sent {said}")

    @task
    def upload(self):
        self.client.post("/upload", files={"file": ("a.txt", b"abc")}, data={"k": "v"}, timeout=(1, 2))

    @task
    def tolerant(self):
        from requests.exceptions import HTTPError, JSONDecodeError

        try:
            self.client.get("/500", name="tolerated").raise_for_status()
        except HTTPError:
            pass
        try:
            self.client.get("/text").json()
        except JSONDecodeError:
            pass

    @task
    def head(self):
        self.client.head("/moved")
