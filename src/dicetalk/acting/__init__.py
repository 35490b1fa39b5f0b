"""The rules: speech and an emotion -> facial motion; visemes, postures, takes."""
