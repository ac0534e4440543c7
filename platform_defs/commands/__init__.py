"""The commands of `adp`, one module a subject. What a command needs is imported when it runs."""
