"""What can go wrong with a server that isn't ours, and what stands against a change here."""

from chassis.problems import Conflict, NotFound


class NotAllowed(Exception):
    """We don't call this address, or don't take what it gives; another try would end alike. For its owner to read."""


class NoAnswer(Exception):
    """No usable answer this time. For its owner to read: it names the host at most, never a path, query or address."""


class UnknownEndpoint(NotFound):
    slug = "unknown-endpoint"


class UnknownMessage(NotFound):
    slug = "unknown-message"


class EndpointOff(Conflict):
    slug = "endpoint-off"
