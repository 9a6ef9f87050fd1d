-- Mail that came back for a message, its first part, sealed. id: a hash of it, so that one that comes again is known.
-- event_id: what was told because of it.
CREATE TABLE returned_mail (
  sandbox TEXT NOT NULL, message_id TEXT NOT NULL, id TEXT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL,
  event_id TEXT, size BIGINT NOT NULL, raw BYTEA NOT NULL, PRIMARY KEY (sandbox, message_id, id)
);
CREATE INDEX returned_mail_age ON returned_mail (at);
