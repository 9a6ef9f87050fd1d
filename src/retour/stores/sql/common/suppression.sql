-- Suppression and allowed lists: their entries, the rules of a sandbox, soft errors, uploads.

-- === before a try, and after it ===

-- What names an address.
-- name: suppression_of
SELECT list, kind FROM suppression WHERE sandbox = :sandbox AND kind = 'address' AND value = :address
UNION ALL
SELECT list, kind FROM suppression WHERE sandbox = :sandbox AND kind = 'domain' AND value = :domain

-- What names a telephone number.
-- name: denied_number
SELECT list, kind FROM suppression
WHERE sandbox = :sandbox AND kind = 'number' AND value = :number AND list = 'suppressed'

-- An entry that is there stays as it is; but a number that bounced and then opts out is one that has opted out.
-- name: suppression_learn
INSERT INTO suppression (sandbox, kind, value, list, id, cause, reason, message_id, comment, made_by, created_at, modified_at)
VALUES (:sandbox, :kind, :value, 'suppressed', :id, :cause, :reason, :message_id, :comment, :by, :now, :now)
ON CONFLICT (sandbox, kind, value, list) DO UPDATE SET cause = excluded.cause, reason = excluded.reason,
  message_id = excluded.message_id, comment = excluded.comment, made_by = excluded.made_by,
  modified_at = excluded.modified_at
WHERE excluded.cause = 'OPT_OUT' AND suppression.cause = 'HARD'

-- Of a number that has not opted out nothing is changed.
-- name: opt_out_end
DELETE FROM suppression
WHERE sandbox = :sandbox AND kind = 'number' AND value = :value AND list = 'suppressed' AND cause = 'OPT_OUT'

-- name: soft_error_get
SELECT errors, message_id, at FROM soft_error WHERE sandbox = :sandbox AND address = :address

-- Nothing is changed when somebody else has counted since `before` was read.
-- name: soft_error_put
INSERT INTO soft_error (sandbox, address, errors, message_id, at)
VALUES (:sandbox, :address, :errors, :message_id, :at)
ON CONFLICT (sandbox, address) DO UPDATE SET errors = excluded.errors, message_id = excluded.message_id, at = excluded.at
WHERE soft_error.errors = :before

-- name: soft_error_reset
DELETE FROM soft_error WHERE sandbox = :sandbox AND address = :address

-- Of whom a message was for, while its row still says so.
-- name: soft_error_erase
DELETE FROM soft_error WHERE sandbox = :sandbox AND address IN (
  SELECT lower(m.address) FROM message m WHERE m.sandbox = :sandbox AND m.id = :id)

-- name: soft_errors_expire
DELETE FROM soft_error WHERE (sandbox, address) IN (
  SELECT sandbox, address FROM soft_error WHERE at < :before ORDER BY at LIMIT :limit)

-- === entries ===

-- A comment is renewed, the cause stays. Changes nothing when the allowed list is full.
-- name: suppression_put
INSERT INTO suppression (sandbox, kind, value, list, id, cause, reason, message_id, comment, made_by, created_at, modified_at)
SELECT :sandbox, :kind, :value, :list, :id, 'MANUAL', '', '', :comment, :by, :now, :now
WHERE CAST(:list AS TEXT) <> 'allowed'
  OR (SELECT COUNT(*) FROM suppression a WHERE a.sandbox = :sandbox AND a.list = 'allowed') < :most
  OR EXISTS (SELECT 1 FROM suppression b
    WHERE b.sandbox = :sandbox AND b.kind = :kind AND b.value = :value AND b.list = 'allowed')
ON CONFLICT (sandbox, kind, value, list) DO UPDATE SET comment = excluded.comment, modified_at = excluded.modified_at

-- name: suppression_delete
DELETE FROM suppression WHERE sandbox = :sandbox AND kind = :kind AND value = :value AND list = :list

-- name: suppression_get
SELECT s.list, s.kind, s.value, s.id, s.cause, s.reason, s.message_id, s.comment, s.made_by, s.created_at, s.modified_at,
  COALESCE(e.errors, 0)
FROM suppression s LEFT JOIN soft_error e ON e.sandbox = :sandbox AND e.address = s.value
WHERE s.sandbox = :sandbox AND s.kind = :kind AND s.value = :value AND s.list = :list

-- name: suppression_by_id
SELECT s.list, s.kind, s.value, s.id, s.cause, s.reason, s.message_id, s.comment, s.made_by, s.created_at, s.modified_at,
  COALESCE(e.errors, 0)
FROM suppression s LEFT JOIN soft_error e ON e.sandbox = :sandbox AND e.address = s.value
WHERE s.sandbox = :sandbox AND s.list = :list AND s.kind = :kind AND s.id = :id

-- name: suppressions_newest
SELECT s.list, s.kind, s.value, s.id, s.cause, s.reason, s.message_id, s.comment, s.made_by, s.created_at, s.modified_at,
  COALESCE(e.errors, 0)
FROM suppression s LEFT JOIN soft_error e ON e.sandbox = :sandbox AND e.address = s.value
WHERE s.sandbox = :sandbox AND s.list = :list AND s.kind = :kind AND s.id < :start
  AND (CAST(:cause AS TEXT) = '' OR s.cause = :cause) AND s.value LIKE :pattern ESCAPE '!'
  AND s.created_at >= :since AND s.created_at < :until
ORDER BY s.id DESC LIMIT :limit

-- name: suppressions_oldest
SELECT s.list, s.kind, s.value, s.id, s.cause, s.reason, s.message_id, s.comment, s.made_by, s.created_at, s.modified_at,
  COALESCE(e.errors, 0)
FROM suppression s LEFT JOIN soft_error e ON e.sandbox = :sandbox AND e.address = s.value
WHERE s.sandbox = :sandbox AND s.list = :list AND s.kind = :kind AND s.id > :start
  AND (CAST(:cause AS TEXT) = '' OR s.cause = :cause) AND s.value LIKE :pattern ESCAPE '!'
  AND s.created_at >= :since AND s.created_at < :until
ORDER BY s.id LIMIT :limit

-- Who has opted out stays.
-- name: suppressions_wipe
DELETE FROM suppression WHERE sandbox = :sandbox AND (kind, value, list) IN (
  SELECT kind, value, list FROM suppression WHERE sandbox = :sandbox AND cause <> 'OPT_OUT' LIMIT :limit)

-- name: soft_errors_wipe
DELETE FROM soft_error WHERE sandbox = :sandbox AND address IN (
  SELECT address FROM soft_error WHERE sandbox = :sandbox LIMIT :limit)

-- Counted no further than `most`.
-- name: suppression_count
SELECT COUNT(*) FROM (
  SELECT 1 FROM suppression WHERE sandbox = :sandbox AND list = :list AND kind = :kind LIMIT :most) AS few

-- === rules ===

-- name: suppression_rules_get
SELECT soft_threshold, allow_active, version FROM suppression_rules WHERE sandbox = :sandbox

-- name: suppression_rules_put
INSERT INTO suppression_rules (sandbox, soft_threshold, allow_active, version)
VALUES (:sandbox, :soft_threshold, :allow_active, 1)
ON CONFLICT (sandbox) DO UPDATE SET soft_threshold = excluded.soft_threshold, allow_active = excluded.allow_active,
  version = suppression_rules.version + 1
WHERE suppression_rules.version = :version

-- === uploads ===

-- name: upload_insert
INSERT INTO suppression_upload (sandbox, id, list, name, state, records, handled, failed, made_by, created_at,
  modified_at, held_until)
VALUES (:sandbox, :id, :list, :name, 'ACCEPTED', :records, 0, 0, :by, :now, :now, :held_until)

-- name: file_insert
INSERT INTO suppression_file (sandbox, upload_id, file) VALUES (:sandbox, :id, :file)

-- Whoever changes this row goes on with it.
-- name: upload_hold
UPDATE suppression_upload SET held_until = :until
WHERE sandbox = :sandbox AND id = :id AND state IN ('ACCEPTED', 'PENDING') AND held_until <= :now

-- name: upload_advance
UPDATE suppression_upload SET state = :state, handled = :handled, failed = failed + :failed, modified_at = :now,
  held_until = :until
WHERE sandbox = :sandbox AND id = :id AND handled = :before AND state IN ('ACCEPTED', 'PENDING')

-- name: failure_insert
INSERT INTO suppression_failure (sandbox, upload_id, number, doc) VALUES (:sandbox, :id, :number, :doc)

-- name: upload_file
SELECT file FROM suppression_file WHERE sandbox = :sandbox AND upload_id = :id

-- name: upload_get
SELECT id, list, name, state, records, handled, failed, made_by, created_at, modified_at
FROM suppression_upload WHERE sandbox = :sandbox AND id = :id

-- name: uploads_page
SELECT id, list, name, state, records, handled, failed, made_by, created_at, modified_at
FROM suppression_upload WHERE sandbox = :sandbox AND id < :before ORDER BY id DESC LIMIT :limit

-- name: failures_page
SELECT number, doc FROM suppression_failure
WHERE sandbox = :sandbox AND upload_id = :id AND number > :after ORDER BY number LIMIT :limit

-- name: upload_delete
DELETE FROM suppression_upload WHERE sandbox = :sandbox AND id = :id

-- name: file_delete
DELETE FROM suppression_file WHERE sandbox = :sandbox AND upload_id = :id

-- name: failures_delete
DELETE FROM suppression_failure WHERE sandbox = :sandbox AND upload_id = :id

-- name: uploads_open
SELECT sandbox, id, list, handled, held_until FROM suppression_upload
WHERE state IN ('ACCEPTED', 'PENDING') ORDER BY sandbox, id LIMIT 100

-- name: uploads_old
SELECT sandbox, id FROM suppression_upload WHERE created_at < :before ORDER BY created_at LIMIT :limit
