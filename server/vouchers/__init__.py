"""Vouchers: single-use numbers that change the price of a card."""
