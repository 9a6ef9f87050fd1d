-- What is learned of a message after it was sent.

-- name: message_to_report
SELECT id, execution_id, request_id, campaign_id, version_id, configuration_id, channel, namespace, user_id, address,
  created_at, expires_at, content, status, attempts, fence, taken, revision, events, delayed, final_event_id, due_at,
  leased, erased
FROM message WHERE sandbox = :sandbox AND id = :id

-- Whoever reports of it has it: it is not tried again, and what it took to send it goes.
-- name: message_report
UPDATE message SET status = :status, due_at = NULL, waits_for_relay = 0, content = NULL, revision = revision + 1,
  events = events + :told, delayed = :delayed, final_event_id = :final_event_id
WHERE sandbox = :sandbox AND id = :id AND revision = :revision AND leased = 0 AND erased = 0

-- name: returned_mail_insert
INSERT INTO returned_mail (sandbox, message_id, id, at, kind, event_id, size, raw)
SELECT :sandbox, :message_id, :id, :at, :kind, :event_id, :size, :raw
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)
ON CONFLICT (sandbox, message_id, id) DO NOTHING

-- name: returned_mails_of
SELECT id, at, kind, event_id, size FROM returned_mail
WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY at, id LIMIT 100

-- Ids of messages grow with time: the last mail that came back is among those of the newest messages, or hardly older.
-- name: returned_mail_newest
SELECT at FROM (SELECT at FROM returned_mail WHERE sandbox = :sandbox ORDER BY message_id DESC, id DESC LIMIT 200) newest
ORDER BY at DESC LIMIT 1

-- name: returned_mail_get
SELECT id, at, kind, event_id, size, raw FROM returned_mail
WHERE sandbox = :sandbox AND message_id = :message_id AND id = :id

-- name: returned_mails_erase
DELETE FROM returned_mail WHERE sandbox = :sandbox AND message_id = :id

-- name: returned_mails_expire
DELETE FROM returned_mail WHERE (sandbox, message_id, id) IN (
  SELECT sandbox, message_id, id FROM returned_mail WHERE at < :before ORDER BY at LIMIT :limit)
