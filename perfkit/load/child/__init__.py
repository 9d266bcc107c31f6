"""What runs inside the load child, beside Locust. Nobody outside this folder imports any of it."""
