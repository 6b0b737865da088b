"""The versioned messages between zuil and server, how requests are signed and how cards are packed."""
