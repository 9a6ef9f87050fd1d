-- Addresses and domains that get nothing (list: suppressed), or that alone get something (allowed). kind: address or
-- domain. value: in lower case, a domain in A-labels. cause: MANUAL, HARD, SOFT, COMPLAINT.
CREATE TABLE suppression (
  sandbox TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, list TEXT NOT NULL, id TEXT NOT NULL,
  cause TEXT NOT NULL, reason TEXT NOT NULL, message_id TEXT NOT NULL, comment TEXT NOT NULL, made_by TEXT NOT NULL,
  created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL,
  PRIMARY KEY (sandbox, kind, value, list)
);
CREATE INDEX suppression_list ON suppression (sandbox, list, kind, id);

CREATE TABLE suppression_rules (
  sandbox TEXT PRIMARY KEY, soft_threshold BIGINT NOT NULL, allow_active SMALLINT NOT NULL, version BIGINT NOT NULL
);

-- Soft errors of an address since its last success. message_id, at: of the last one that was counted.
CREATE TABLE soft_error (
  sandbox TEXT NOT NULL, address TEXT NOT NULL, errors BIGINT NOT NULL, message_id TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (sandbox, address)
);
CREATE INDEX soft_error_age ON soft_error (at);

-- An upload is a job: whoever goes on with it begins after the rows of its file that were handled. The file is a row of
-- its own, which goes when the job is over; the job's row changes with each batch.
CREATE TABLE suppression_upload (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, list TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
  records BIGINT NOT NULL, handled BIGINT NOT NULL, failed BIGINT NOT NULL, made_by TEXT NOT NULL,
  created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL, held_until BIGINT NOT NULL,
  PRIMARY KEY (sandbox, id)
);
CREATE INDEX suppression_upload_open ON suppression_upload (sandbox, id) WHERE state IN ('ACCEPTED', 'PENDING');
CREATE INDEX suppression_upload_age ON suppression_upload (created_at);

CREATE TABLE suppression_file (
  sandbox TEXT NOT NULL, upload_id TEXT NOT NULL, file BYTEA NOT NULL, PRIMARY KEY (sandbox, upload_id)
);

-- Records of an upload that failed, a batch to a row. number: of its first record.
CREATE TABLE suppression_failure (
  sandbox TEXT NOT NULL, upload_id TEXT NOT NULL, number BIGINT NOT NULL, doc BYTEA NOT NULL,
  PRIMARY KEY (sandbox, upload_id, number)
);
