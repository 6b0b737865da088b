"""The server: card systems, events, pashouders, check-ins, zuilen and the pages around them."""
