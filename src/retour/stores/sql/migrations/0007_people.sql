-- A member can be shut out of one organization; people: raised first by each change of its members, so that these follow
-- each other and the last administrator stays.
ALTER TABLE membership ADD COLUMN disabled SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN people BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN signed_in_at BIGINT;

CREATE TABLE invitation (
  org TEXT NOT NULL, email TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
  invited_by TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (org, email)
);

ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX session_person ON session (person_id);

-- A rotated credential keeps its secret before until the end of the overlap. number: of the newest secret.
ALTER TABLE credential ADD COLUMN number BIGINT NOT NULL DEFAULT 1;
ALTER TABLE credential ADD COLUMN old_secret_hash TEXT;
ALTER TABLE credential ADD COLUMN old_until BIGINT;
ALTER TABLE credential ADD COLUMN last_used_at BIGINT;
