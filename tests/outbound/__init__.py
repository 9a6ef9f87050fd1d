"""Tests of the way out: addresses, names, and requests to endpoints good and bad."""
