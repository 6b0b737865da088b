"""What every operation of the JSON API stands on: who calls, what they may, how it answers and fails."""
