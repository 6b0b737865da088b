"""What the server does by itself; each job is safe to run twice and on many machines."""
