"""Answers: what the joint draws say of targets."""
