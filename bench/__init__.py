"""How fast the service is on this machine: `make bench`. Loopback only; every figure stands beside a bare loop."""
