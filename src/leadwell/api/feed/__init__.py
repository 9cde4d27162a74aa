"""The change feed over HTTP, and the requests that wait for something new in it."""
