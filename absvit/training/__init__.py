"""Training: recipes, what they minimise, and the one loop that runs them."""
