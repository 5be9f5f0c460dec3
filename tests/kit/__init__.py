"""What the tests on real servers share."""
