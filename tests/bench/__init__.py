"""How fast nvrstack is, each figure measured side by side with something that a reader knows."""
