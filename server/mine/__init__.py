"""What a pashouder sees and does of his own (rules 1.2, 4.16, 6.12a)."""
