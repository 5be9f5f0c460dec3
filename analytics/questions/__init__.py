"""One module a question: the models of its answer, and the function that finds it."""
