"""What was typed, as the catalog's inputs and back. Pure: a form is text in, text out; what is wrong is asked there."""
