"""What becomes of each option of an install."""
