"""What runs on the Raspberry Pi: the zuil."""
