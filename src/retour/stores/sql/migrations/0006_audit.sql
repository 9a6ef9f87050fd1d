-- Who changed what, and how: written in the transaction of the change, and never changed. sandbox: empty for what belongs
-- to the whole organization. doc: the fields that changed, before and after, as JSON.
CREATE TABLE audit (
  sandbox TEXT NOT NULL, org TEXT NOT NULL, id TEXT NOT NULL, at BIGINT NOT NULL,
  actor_kind TEXT NOT NULL, actor_id TEXT NOT NULL, actor TEXT NOT NULL,
  noun TEXT NOT NULL, deed TEXT NOT NULL, subject_id TEXT NOT NULL, subject TEXT NOT NULL, doc BYTEA NOT NULL,
  PRIMARY KEY (sandbox, org, id)
);
CREATE INDEX audit_age ON audit (at);
