"""What to do next in a search, as pure functions of values.

`state` holds the values, `estimate` says what candidates will be worth, `improvement` what that may
add to the front, and `rule` decides.
"""
