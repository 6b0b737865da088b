"""A pashouder and his UiTiD: linked by himself, told by mail how, unlinked by the KSB (rules 14.1-14.4)."""
