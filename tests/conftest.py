"""What all tests share."""

from tests import examples

examples.load()
