"""Several requests at once, as a browser makes them, in greenlets of a pool and in spawned ones."""

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, HttpUser, constant, task


class Browser(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def page(self):
        self.client.get("/page")
        pool = Pool()
        for name in ("a", "b", "c"):
            pool.spawn(self.client.get, f"/asset/{name}")
        pool.join()


class Poller(HttpUser):
    wait_time = constant(0.02)

    @task
    def poll(self):
        jobs = [gevent.spawn(self.poll_one, at) for at in range(2)]
        gevent.joinall(jobs)

    def poll_one(self, at):
        self.client.get("/poll", params={"at": at}, name="/poll")
