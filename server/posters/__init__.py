"""Printed posters with a code, for places without a zuil (rules 7.10)."""
