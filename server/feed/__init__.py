"""The change feed: how a zuil gets exactly the state of the server."""
