"""Rewards: made by the KSB, given to who joins, handed out at counters (rules 9)."""
