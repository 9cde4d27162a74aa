"""What a running hub sends by itself: messages to webhooks."""
