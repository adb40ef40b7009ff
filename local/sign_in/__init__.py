"""Signing in as Cognito's managed login has it, on this machine. Importing what is in here takes a while: Authlib."""
