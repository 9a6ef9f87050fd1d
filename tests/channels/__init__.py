"""The channels, against servers of the outside world."""
