"""The web face: REST, pages, contracts. It calls rooms; nothing here decides what a message or a delivery does."""
