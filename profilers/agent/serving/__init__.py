"""What processes say to each other, in lines of JSON, and the two ends of such a line."""
