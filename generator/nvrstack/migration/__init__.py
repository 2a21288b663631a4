"""Reading an existing installation and planning its move. Nothing is changed here."""
