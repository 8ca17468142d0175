"""Who a person is, by what they said: chats, interviews, letters become examples, a style and a persona."""
