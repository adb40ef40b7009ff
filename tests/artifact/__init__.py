"""What ships, built and run as Lambda would run it."""
