-- What reports read: how much of what in a minute or an hour (stores/tallies.py). at: its start. part: the process that
-- counts, so that two of them never wait for each other's row; empty once folded into the hour.
CREATE TABLE tally (
  sandbox TEXT NOT NULL, width TEXT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  part TEXT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (sandbox, width, at, kind, key, part)
);
