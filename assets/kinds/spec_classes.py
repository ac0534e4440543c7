"""How specs name what columns and tables hold. Pure."""

# The tag and the word for no personal data.
PII = "pii"
NONE = "none"
# Of tables, from harmless to forbidden in production; the last that is found counts.
CLASSES = ("none", "masked", "unknown", "unmasked")
