"""What a zuil does, without hardware, network or database."""
