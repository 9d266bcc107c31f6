"""What Locust is given as a second locustfile. It lies apart: Locust puts the folder of a locustfile first on its path."""
