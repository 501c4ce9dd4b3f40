"""Reports of the desk as values: what a month came to, and what the past would have come to under other
promises. Pure, as all of the core."""
