"""How the zuilen are: what they measure, their states over time, and what people are told of it."""
