"""Zuilen: who they are, what they are told and how they are."""
