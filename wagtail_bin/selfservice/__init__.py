"""What a member does without an account, by personal links."""
