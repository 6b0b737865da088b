"""What the zuil and the server both run: pure rules (`domain`) and the messages between them (`wire`)."""
