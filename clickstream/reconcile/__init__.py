"""Does every record of a topic stand where it should: stored, rejected, dead, a duplicate? Or is it missing?"""
