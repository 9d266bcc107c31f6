"""The first files of a suite that is made from nothing: an example, working. Knows their text; reads neither."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
# A suite for perfkit: `perfkit bench` runs it, `perfkit check-setup` says whether everything in it can be reached.

name = "example"

[target]
url = "http://127.0.0.1:8000"
watch = ["port:8000"]           # whose memory and CPU are read: "pid:…", "port:…", "name:…"
# allow_hosts = ["erp.example.com"]   # loopback and private addresses are allowed; any other host is named here
# start = ["python", "-m", "my_erp", "--port", "{port}"]   # perfkit starts it for the run; write {port} in url too
# ready = "/health"             # asked until it answers, before any load

# [database]
# dsn_env = "DATABASE_URL"      # the name of an environment variable; the connection string never stands here
# slower_than = "50ms"          # slower statements are captured and explained

[scenario]
file = "scenarios/example/locustfile.py"

[[phase]]                       # one user alone: how fast can it be?
name = "single"
users = 1
iterations = 20

[[phase]]                       # many users at once: how fast is it then?
name = "concurrent"
users = 10
duration = "30s"
warmup = "5s"                   # the first part of the duration; recorded, and left out of every figure

[[expect]]
that = "latency.p95{*, concurrent} < 500ms"    # * is every endpoint
priority = "high"

[[expect]]
that = "errors.ratio < 1%"

[[expect]]
that = "memory.growth < 20MB"
advisory = true                 # reported, and never fails a gate
"""

SCENARIO: Final = '''\
"""What the users of the example do. Any Locust file will do; `name` is the endpoint in every table of perfkit."""

from __future__ import annotations

from locust import FastHttpUser, between, task


class Visitor(FastHttpUser):
    """One user who looks at one page after the other."""

    wait_time = between(0.1, 0.3)  # seconds between two tasks

    @task
    def home(self) -> None:
        self.client.get("/", name="Home")
'''

FILES: Final = {"perfkit.toml": CONFIG, "scenarios/example/locustfile.py": SCENARIO}
