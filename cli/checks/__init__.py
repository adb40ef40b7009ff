"""What `preflight` checks. Each is a pure decision about what AWS, DNS or a file said; `asking` asks them."""
