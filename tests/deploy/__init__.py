"""What is shipped to run the service: linted, compared with the code, and its commands run without a container."""
