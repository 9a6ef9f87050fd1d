-- By which id a provider's report may name a message. Where an id is given twice, it names the newer message.
CREATE TABLE provider_ref (
  sandbox TEXT NOT NULL, configuration_id TEXT NOT NULL, reference TEXT NOT NULL, message_id TEXT NOT NULL,
  created_at BIGINT NOT NULL, PRIMARY KEY (sandbox, configuration_id, reference)
);
CREATE INDEX provider_ref_message ON provider_ref (sandbox, message_id);
CREATE INDEX provider_ref_age ON provider_ref (created_at);

-- Reports whose message is not known yet, or is being tried. A report is its own queue entry, as a message is. id: a hash
-- of it, so that one that comes again is known. message_id: NULL while the reference alone names it. doc: model.Learned.
CREATE TABLE early_report (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, configuration_id TEXT NOT NULL, reference TEXT NOT NULL, message_id TEXT,
  at BIGINT NOT NULL, due_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0,
  doc BYTEA NOT NULL, PRIMARY KEY (sandbox, id)
);
CREATE INDEX early_report_due ON early_report (sandbox, due_at);
CREATE INDEX early_report_reference ON early_report (sandbox, configuration_id, reference);
CREATE INDEX early_report_message ON early_report (sandbox, message_id);

-- tried: claims to try it since the last settling. More than one: nobody knows what came of the one before.
ALTER TABLE message ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;
