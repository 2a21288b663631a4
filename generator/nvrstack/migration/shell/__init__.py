"""What a bash script would call, told without running any of it."""
