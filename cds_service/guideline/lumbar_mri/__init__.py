"""The rules of "When to order MRI for low back pain", one module a pathway."""
