"""Invented tables, the dirt that is put into them, and how detection and repair are scored on them."""
