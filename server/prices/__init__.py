"""Prices of cards: a table for each card system and voucher type, from a day on."""
