"""What preflight decides, from answers of AWS, DNS and the site that it is given."""
