"""Counters (balies): organisers and places where people check in."""
