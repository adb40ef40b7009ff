"""What functions do in AWS, held against what their roles allow."""
