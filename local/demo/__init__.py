"""`make demo`: what three months of outreach leave behind, made by the real handlers while the clock runs fast."""
