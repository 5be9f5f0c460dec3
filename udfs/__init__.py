"""What runs inside the operators: thin over clickstream/."""
