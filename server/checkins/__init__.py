"""Check-ins: judging them, keeping them exactly once, and the points ledger."""
