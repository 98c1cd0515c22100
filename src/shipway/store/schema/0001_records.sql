-- Every record the control plane acknowledged: one row each, the latest version only.
-- `kind` is the model's class name, `key` its ARN (or other identity), `body` its JSON.
CREATE TABLE record (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
