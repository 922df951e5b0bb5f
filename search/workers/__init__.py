"""Those who train candidates: in this process, or in several beside it."""
