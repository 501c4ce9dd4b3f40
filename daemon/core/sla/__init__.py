"""What is promised and when it falls due: working time, targets by plan and priority, and the rules around
them."""
