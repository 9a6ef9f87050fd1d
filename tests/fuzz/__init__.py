"""Things from outside, spoilt in every way that we could think of: `make fuzz`."""
