-- What people configure. `-- name: x` starts a statement; parameters are :named.

-- === settings ===

-- name: setting_get
SELECT value FROM setting WHERE name = :name

-- name: setting_set
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: setting_put
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING

-- === organizations, people, credentials ===

-- name: organization_insert
INSERT INTO organization (id, name, created_at) VALUES (:id, :name, :created_at)

-- name: organization_get
SELECT id, name, created_at FROM organization WHERE id = :id

-- name: organizations_all
SELECT id, name, created_at FROM organization ORDER BY id LIMIT 1000

-- name: sandbox_insert
INSERT INTO sandbox (id, org, name, type, created_at) VALUES (:id, :org, :name, :type, :created_at)

-- name: sandbox_get
SELECT id, org, name, type, created_at FROM sandbox WHERE org = :org AND name = :name

-- name: sandbox_by_id
SELECT id, org, name, type, created_at FROM sandbox WHERE id = :id

-- name: sandboxes_of
SELECT id, org, name, type, created_at FROM sandbox WHERE org = :org ORDER BY name LIMIT 1000

-- name: credential_insert
INSERT INTO credential (client_id, org, name, scopes, secret_hash, created_at)
VALUES (:client_id, :org, :name, :scopes, :secret_hash, :created_at)

-- name: credential_get
SELECT client_id, org, name, scopes, secret_hash, created_at, number, old_secret_hash, old_until, last_used_at
FROM credential WHERE client_id = :client_id

-- name: credentials_of
SELECT client_id, org, name, scopes, secret_hash, created_at, number, old_secret_hash, old_until, last_used_at
FROM credential WHERE org = :org ORDER BY client_id LIMIT 1000

-- name: credential_rotate
UPDATE credential SET secret_hash = :secret_hash, old_secret_hash = :old_secret_hash, old_until = :old_until,
  number = number + 1
WHERE org = :org AND client_id = :client_id AND number = :number

-- name: credential_used
UPDATE credential SET last_used_at = :now
WHERE client_id = :client_id AND (last_used_at IS NULL OR last_used_at <= :before)

-- name: credential_delete
DELETE FROM credential WHERE org = :org AND client_id = :client_id

-- name: person_insert
INSERT INTO person (id, email, name, password_hash, created_at) VALUES (:id, :email, :name, :password_hash, :created_at)

-- name: person_password
UPDATE person SET password_hash = :password_hash, name = :name WHERE id = :id

-- Not for the last administrator of an organization. Which that are is asked after people_turn, so of what is committed.
-- name: person_disable
UPDATE person SET disabled = :disabled WHERE id = :id AND disabled <> :disabled AND (:disabled = 0 OR NOT EXISTS (
  SELECT 1 FROM membership m WHERE m.person_id = :id AND m.role = 'administrator' AND m.disabled = 0 AND NOT EXISTS (
    SELECT 1 FROM membership o JOIN person p ON p.id = o.person_id
    WHERE o.org = m.org AND o.person_id <> :id AND o.role = 'administrator' AND o.disabled = 0 AND p.disabled = 0)))

-- name: person_signed_in
UPDATE person SET signed_in_at = :now WHERE id = :id

-- name: person_get
SELECT id, email, name, password_hash, created_at, disabled FROM person WHERE id = :id

-- name: person_by_email
SELECT id, email, name, password_hash, created_at, disabled FROM person WHERE email = :email

-- name: members_of
SELECT p.id, p.email, p.name, m.role, m.disabled, p.disabled, p.signed_in_at
FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.org = :org ORDER BY p.email LIMIT 1000

-- First in each change of members: the row is held until the commit, so that two changes do not both see an
-- administrator whom the other one is taking away.
-- name: people_turn
UPDATE organization SET people = people + 1 WHERE id = :org

-- name: people_turn_of
UPDATE organization SET people = people + 1 WHERE id IN (SELECT org FROM membership WHERE person_id = :person_id)

-- The next three: not if no administrator who may sign in would be left.
-- name: membership_put
INSERT INTO membership (org, person_id, role) VALUES (:org, :person_id, :role)
ON CONFLICT (org, person_id) DO UPDATE SET role = excluded.role, disabled = 0
WHERE excluded.role = 'administrator' OR membership.role <> 'administrator' OR EXISTS (
  SELECT 1 FROM membership o JOIN person p ON p.id = o.person_id
  WHERE o.org = :org AND o.person_id <> :person_id AND o.role = 'administrator' AND o.disabled = 0 AND p.disabled = 0)

-- name: membership_change
UPDATE membership SET role = :role, disabled = :disabled
WHERE org = :org AND person_id = :person_id AND role = :was_role AND disabled = :was_disabled AND (role <> 'administrator' OR (:role = 'administrator' AND :disabled = 0)
  OR EXISTS (
    SELECT 1 FROM membership o JOIN person p ON p.id = o.person_id
    WHERE o.org = :org AND o.person_id <> :person_id AND o.role = 'administrator' AND o.disabled = 0 AND p.disabled = 0))

-- name: membership_delete
DELETE FROM membership WHERE org = :org AND person_id = :person_id AND (role <> 'administrator' OR EXISTS (
  SELECT 1 FROM membership o JOIN person p ON p.id = o.person_id
  WHERE o.org = :org AND o.person_id <> :person_id AND o.role = 'administrator' AND o.disabled = 0 AND p.disabled = 0))

-- name: memberships_of
SELECT m.org, m.role, o.name FROM membership m JOIN organization o ON o.id = m.org
WHERE m.person_id = :person_id AND m.disabled = 0 ORDER BY o.name LIMIT 1000

-- name: organizations_of
SELECT org FROM membership WHERE person_id = :person_id ORDER BY org LIMIT 1000

-- An address has one at a time: another one ends the one before.
-- name: invitation_put
INSERT INTO invitation (org, email, id, hash, role, invited_by, created_at, expires_at)
VALUES (:org, :email, :id, :hash, :role, :invited_by, :created_at, :expires_at)
ON CONFLICT (org, email) DO UPDATE SET id = excluded.id, hash = excluded.hash, role = excluded.role,
  invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = excluded.expires_at

-- name: invitations_of
SELECT i.id, i.org, o.name, i.email, i.role, i.invited_by, i.created_at, i.expires_at
FROM invitation i JOIN organization o ON o.id = i.org
WHERE i.org = :org AND i.expires_at > :now ORDER BY i.email LIMIT 1000

-- name: invitation_by_hash
SELECT i.id, i.org, o.name, i.email, i.role, i.invited_by, i.created_at, i.expires_at
FROM invitation i JOIN organization o ON o.id = i.org WHERE i.hash = :hash AND i.expires_at > :now

-- name: invitation_delete
DELETE FROM invitation WHERE org = :org AND id = :id

-- name: invitation_use
DELETE FROM invitation WHERE hash = :hash AND expires_at > :now

-- name: invitations_expire
DELETE FROM invitation WHERE expires_at <= :now

-- name: sign_in_link_insert
INSERT INTO sign_in_link (hash, person_id, expires_at) VALUES (:hash, :person_id, :expires_at)

-- name: sign_in_link_get
SELECT person_id FROM sign_in_link WHERE hash = :hash AND expires_at > :now

-- name: sign_in_link_use
DELETE FROM sign_in_link WHERE hash = :hash AND expires_at > :now

-- name: session_insert
INSERT INTO session (hash, person_id, created_at, expires_at, agent, address)
VALUES (:hash, :person_id, :created_at, :expires_at, :agent, :address)

-- name: sessions_of
SELECT hash, created_at, agent, address FROM session
WHERE person_id = :person_id AND expires_at > :now ORDER BY created_at DESC LIMIT 100

-- name: sessions_elsewhere_delete
DELETE FROM session WHERE person_id = :person_id AND hash <> :hash

-- name: session_get
SELECT s.person_id, p.email, p.name FROM session s JOIN person p ON p.id = s.person_id
WHERE s.hash = :hash AND s.expires_at > :now AND p.disabled = 0

-- name: session_delete
DELETE FROM session WHERE hash = :hash

-- name: sessions_of_delete
DELETE FROM session WHERE person_id = :person_id

-- === channel configurations ===

-- name: configuration_insert
INSERT INTO channel_configuration (sandbox, id, name, doc, version, created_at, modified_at)
VALUES (:sandbox, :id, :name, :doc, 1, :created_at, :created_at)

-- name: configuration_update
UPDATE channel_configuration SET name = :name, doc = :doc, version = version + 1, modified_at = :modified_at,
  failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: configuration_get
SELECT doc, version, created_at, modified_at, failures, failing_since, open_until, trouble
FROM channel_configuration WHERE sandbox = :sandbox AND id = :id

-- name: configurations_of
SELECT doc, version, created_at, modified_at, failures, failing_since, open_until, trouble
FROM channel_configuration WHERE sandbox = :sandbox ORDER BY name LIMIT 1000

-- Of every sandbox: for which of them a connection has to stay open is in the document.
-- name: configurations_standing
SELECT sandbox, id, version FROM channel_configuration
WHERE (sandbox, id) > (:after_sandbox, :after) ORDER BY sandbox, id LIMIT :limit

-- The last column: what there is to ask before something is sent (suppression.Guard).
-- name: configuration_health
SELECT version, failures, failing_since, open_until,
  (CASE WHEN EXISTS (SELECT 1 FROM suppression s
    WHERE s.sandbox = :sandbox AND s.list = 'suppressed' AND s.kind IN ('address', 'domain')) THEN 1 ELSE 0 END)
  + CASE WHEN EXISTS (SELECT 1 FROM suppression_rules r WHERE r.sandbox = :sandbox AND r.allow_active = 1)
    THEN 2 + CASE WHEN EXISTS (SELECT 1 FROM suppression a
      WHERE a.sandbox = :sandbox AND a.list = 'allowed' AND a.kind = 'address') THEN 4 ELSE 0 END
    ELSE 0 END
  + CASE WHEN EXISTS (SELECT 1 FROM suppression n
    WHERE n.sandbox = :sandbox AND n.list = 'suppressed' AND n.kind = 'number') THEN 8 ELSE 0 END
FROM channel_configuration WHERE sandbox = :sandbox AND id = :id

-- name: configuration_ok
UPDATE channel_configuration SET failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL
WHERE sandbox = :sandbox AND id = :id AND failures > 0

-- name: configuration_trouble
UPDATE channel_configuration SET failures = failures + 1, failing_since = COALESCE(failing_since, :now),
  open_until = :open_until, trouble = :trouble
WHERE sandbox = :sandbox AND id = :id

-- name: messages_wake
UPDATE message SET due_at = :now
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND due_at IS NOT NULL AND due_at > :now
  AND leased = 0 AND waits_for_relay = 1

-- What is told `delay` sleeps until it expires, out of the due index; each probe that helps nobody wakes one to
-- probe after it.
-- name: message_wake_one
UPDATE message SET due_at = :at
WHERE sandbox = :sandbox AND id = (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at > :at AND leased = 0 AND waits_for_relay = 1
  ORDER BY due_at LIMIT 1)

-- === campaigns ===

-- name: campaign_insert
INSERT INTO campaign (sandbox, id, name, status, doc, version, live_version_id, created_at, modified_at)
VALUES (:sandbox, :id, :name, :status, :doc, 1, NULL, :created_at, :created_at)

-- name: campaign_update
UPDATE campaign SET name = :name, doc = :doc, version = version + 1, modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: campaign_publish
UPDATE campaign SET status = 'LIVE', live_version_id = :version_id, doc = :doc, version = version + 1,
  modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND version = :version AND status <> 'STOPPED'

-- name: campaign_stop
UPDATE campaign SET status = 'STOPPED', version = version + 1, modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND status = 'LIVE'

-- name: campaign_get
SELECT doc, status, version, live_version_id, created_at, modified_at
FROM campaign WHERE sandbox = :sandbox AND id = :id

-- name: campaigns_of
SELECT doc, status, version, live_version_id, created_at, modified_at
FROM campaign WHERE sandbox = :sandbox ORDER BY modified_at DESC, id LIMIT :limit

-- name: version_insert
INSERT INTO campaign_version (sandbox, id, campaign_id, doc) VALUES (:sandbox, :id, :campaign_id, :doc)

-- name: version_get
SELECT doc FROM campaign_version WHERE sandbox = :sandbox AND id = :id

-- === profiles ===

-- name: profile_insert
INSERT INTO profile (sandbox, namespace, user_id, doc, created_at, modified_at)
VALUES (:sandbox, :namespace, :user_id, :doc, :created_at, :modified_at)
ON CONFLICT (sandbox, namespace, user_id) DO NOTHING

-- name: profile_put
INSERT INTO profile (sandbox, namespace, user_id, doc, created_at, modified_at)
VALUES (:sandbox, :namespace, :user_id, :doc, :created_at, :modified_at)
ON CONFLICT (sandbox, namespace, user_id) DO UPDATE SET doc = excluded.doc, modified_at = excluded.modified_at

-- name: profile_delete
DELETE FROM profile WHERE sandbox = :sandbox AND namespace = :namespace AND user_id = :user_id

-- As many as a request has recipients; a place that is not needed is NULL.
-- name: profiles_of
SELECT user_id, doc, created_at, modified_at FROM profile
WHERE sandbox = :sandbox AND namespace = :namespace AND user_id IN (:id0, :id1, :id2, :id3, :id4, :id5, :id6, :id7, :id8,
  :id9, :id10, :id11, :id12, :id13, :id14, :id15, :id16, :id17, :id18, :id19)

-- === the feedback webhook ===

-- name: webhook_insert
INSERT INTO webhook (sandbox, id, doc, channels, events, format, order_wait, deadline, version,
  created_at, created_by, modified_at, modified_by)
VALUES (:sandbox, :id, :doc, :channels, :events, :format, :order_wait, :deadline, 1, :now, :by, :now, :by)

-- name: webhook_update
UPDATE webhook SET doc = :doc, channels = :channels, events = :events, format = :format, order_wait = :order_wait,
  deadline = :deadline, version = version + 1, modified_at = :now, modified_by = :by, open_until = NULL
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- When the first secret that a rotation replaced comes to its end: then the housekeeping takes it out of doc.
-- name: webhook_overlap
UPDATE webhook SET overlap_until = :overlap_until WHERE sandbox = :sandbox AND id = :id

-- name: webhooks_overlapped
SELECT sandbox, id, doc, version FROM webhook
WHERE sandbox > :after AND overlap_until IS NOT NULL AND overlap_until <= :now ORDER BY sandbox LIMIT :limit

-- What is taken out was of no use any more: for whoever reads it, the webhook stays the version it was.
-- name: webhook_overlap_end
UPDATE webhook SET doc = :doc, overlap_until = :overlap_until
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: webhook_delete
DELETE FROM webhook WHERE sandbox = :sandbox AND id = :id

-- name: webhook_pause
UPDATE webhook SET paused_at = :now, paused_by = :by, version = version + 1
WHERE sandbox = :sandbox AND id = :id AND paused_at IS NULL

-- name: webhook_resume
UPDATE webhook SET paused_at = NULL, paused_by = NULL, failures = 0, failing_since = NULL, open_until = NULL,
  trouble = NULL, version = version + 1
WHERE sandbox = :sandbox AND id = :id AND paused_at IS NOT NULL

-- name: webhook_of
SELECT doc, version, created_at, created_by, modified_at, modified_by, paused_at, paused_by, last_accepted_at,
  failures, failing_since, open_until, trouble FROM webhook WHERE sandbox = :sandbox

-- Asks what `delivery_settle` has told once more: of several that are settled side by side, the first makes it no news.
-- name: webhook_accepted
UPDATE webhook SET failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL, last_accepted_at = :now
WHERE sandbox = :sandbox AND id = :id
  AND (failures > 0 OR last_accepted_at IS NULL OR last_accepted_at < CAST(:now AS BIGINT) - 1000000)

-- name: webhook_failed
UPDATE webhook SET failures = failures + 1, failing_since = COALESCE(failing_since, :now),
  open_until = CASE WHEN failures + 1 >= :threshold THEN :open_until ELSE open_until END, trouble = :trouble
WHERE sandbox = :sandbox AND id = :id

-- name: webhook_gone
UPDATE webhook SET paused_at = :now, paused_by = 'endpoint' WHERE sandbox = :sandbox AND id = :id AND paused_at IS NULL

-- name: webhook_state
SELECT id, version, paused_at, failures, open_until, deadline, last_accepted_at, failing_since
FROM webhook WHERE sandbox = :sandbox
