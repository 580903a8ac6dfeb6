"""A typed client of a server's REST API; `client.Client` is the way in."""
