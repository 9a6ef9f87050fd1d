-- The audit log: entries are written, read and outlived, never changed.

-- name: audit_insert
INSERT INTO audit (sandbox, org, id, at, actor_kind, actor_id, actor, noun, deed, subject_id, subject, doc)
VALUES (:sandbox, :org, :id, :at, :actor_kind, :actor_id, :actor, :noun, :deed, :subject_id, :subject, :doc)

-- Newest first. What is empty is not asked for.
-- name: audit_of
SELECT id, sandbox, at, actor_kind, actor_id, actor, noun, deed, subject_id, subject, doc FROM audit
WHERE sandbox = :sandbox AND org = :org AND id < :before
  AND (CAST(:noun AS TEXT) = '' OR noun = :noun) AND (CAST(:actor AS TEXT) = '' OR actor = :actor)
ORDER BY id DESC LIMIT :limit

-- name: audit_get
SELECT id, sandbox, at, actor_kind, actor_id, actor, noun, deed, subject_id, subject, doc FROM audit
WHERE sandbox = :sandbox AND org = :org AND id = :id

-- name: audit_expire
DELETE FROM audit WHERE (sandbox, org, id) IN (
  SELECT sandbox, org, id FROM audit WHERE at < :before LIMIT :limit)
