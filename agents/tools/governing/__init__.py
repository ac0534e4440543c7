"""Tools that govern data: how long rows are kept, who can be found in them, what the rules demand."""
