"""What tests know of Moonfire's database, whether the real server or its stand-in has it."""
