"""Families: for whom a pashouder saves points and looks after a UiTPAS too (rules 4.18)."""
