"""Fakes of the outside world for tests: real servers on 127.0.0.1 with ports of the system's choosing.

`certificates` makes an authority and its certificates, `https` serves and records requests, `hostile` holds
behaviours of endpoints that nobody wants, `nameserver` answers DNS questions as a test likes, `sockets` has ports
below HTTP. `twilio` and `vonage` are SMS providers.
"""
