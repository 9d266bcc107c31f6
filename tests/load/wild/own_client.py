"""A client of another protocol that fires events.request itself, in the ways in which people do."""

import time
from contextlib import contextmanager

from locust import User, constant, events, task


class ServiceError(Exception):
    pass


class QueueClient:
    """Speaks nothing; stands for XML-RPC, gRPC, Kafka and others."""

    def __init__(self, request_event):
        self._request_event = request_event

    def __getattr__(self, name):
        def call(*args):
            meta = {
                "request_type": "xmlrpc",
                "name": name,
                "start_time": time.time(),
                "response_length": 0,
                "response": None,
                "context": {},
                "exception": None,
            }
            began = time.perf_counter()
            try:
                time.sleep(0.005)
                if name == "broken":
                    raise ServiceError("Fault 17")
                meta["response"] = [1, 2, 3]
                meta["response_length"] = 3.0
            except ServiceError as error:
                meta["exception"] = error
            meta["response_time"] = (time.perf_counter() - began) * 1000
            self._request_event.fire(**meta)
            return meta["response"]

        return call


class Worker(User):
    wait_time = constant(0)

    def __init__(self, environment):
        super().__init__(environment)
        self.client = QueueClient(environment.events.request)

    def context(self):
        return {"tenant": 1}

    @task
    def call(self):
        self.client.get_time()
        self.client.broken()

    @task
    def measured_by_locust(self):
        with self.environment.events.request.measure("TCP", "measured") as meta:
            time.sleep(0.002)
            meta["response_length"] = 12

    @task
    def careless(self):
        """No wall clock, no length, a text for an exception, a status in words."""

        class Reply:
            status_code = "OK"
            headers = None

        events.request.fire(request_type="GRPC", name="careless", response_time=3.5, start_time=time.perf_counter(),
                            response_length=None, response=Reply(), exception="UNAVAILABLE")
        events.request.fire(request_type="GRPC", name="never timed", response_time=None, response_length=0)
