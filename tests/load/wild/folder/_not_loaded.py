raise RuntimeError("Locust leaves files out whose names begin with _")
