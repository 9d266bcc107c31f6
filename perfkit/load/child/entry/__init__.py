"""What Locust is given as a second locustfile. It lies apart: Locust puts the folder of each first on its path."""
