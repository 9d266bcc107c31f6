"""The lean HTTP user: a Locust user with connections of its own, made to cost little CPU a request.

From the scenario down to the wire: user, client, messages (heads, bodies, cookies, redirects), pool, connection, tls,
wire; and back: response (fields, facts, decoding), recording. Client, response, user, recording, pool, connection, tls
and wire work inside the load child only, where gevent rules; the others are plain functions. Nothing is imported here.
"""
