"""Options of its own on the command line, read by the users and by a listener of init."""

from locust import FastHttpUser, constant_throughput, events, task


@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--tenant", type=str, required=True, help="whose data")
    parser.add_argument("--depth", type=int, default=2, choices=[1, 2, 3])
    parser.add_argument("--my-secret", env_var="WILD_SECRET", is_secret=True, default="")


@events.init.add_listener
def _(environment, **kwargs):
    environment.prefix = f"/{environment.parsed_options.tenant}"


class Tenant(FastHttpUser):
    wait_time = constant_throughput(50)

    @task
    def look(self):
        for depth in range(self.environment.parsed_options.depth):
            self.client.get(f"{self.environment.prefix}/{depth}")
