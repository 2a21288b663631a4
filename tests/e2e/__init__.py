"""The whole product on a real engine: what a person does, and what a browser then sees."""
