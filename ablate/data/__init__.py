"""Shards to local copies to arrays on the device."""
