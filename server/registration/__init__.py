"""Registration at a counter: people become pashouders, get cards and the kansenstatuut, and keep both."""
