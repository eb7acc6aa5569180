"""The pages of the back office, by what they are of. A view asks once and shows what it is told."""
