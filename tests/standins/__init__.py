"""What cannot be had here, each called a stand-in."""
