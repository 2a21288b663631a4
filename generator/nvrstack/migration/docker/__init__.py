"""`docker run` and containers, as Docker understands them."""
