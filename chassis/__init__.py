"""What every service needs and no business word: a microservice chassis."""
