"""What each service needs to know of the outside world."""
