"""The lean HTTP user: a Locust user with connections of its own, made to cost little CPU a request.

From the scenario down to the wire: user, client, session, messages (heads, bodies, cookies, redirects), pool,
connection, tls, wire, all within limits; and back: response (fields, facts, packed, decoding), verdict, recording.
User, client, session, verdict, recording, pool, connection, tls and wire work inside the load child only, where gevent
and Locust rule; the others do not know them. Nothing is imported here.
"""
