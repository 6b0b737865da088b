"""Pashouders, their memberships of card systems and their points."""
