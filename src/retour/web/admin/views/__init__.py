"""A file per noun: what its pages show, and what happens with their forms. Each ends with its table of pages."""
