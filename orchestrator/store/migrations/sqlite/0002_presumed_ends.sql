-- Changes that ended because nothing was heard of them: what their agent says later counts.

ALTER TABLE changes ADD COLUMN presumed BOOLEAN NOT NULL DEFAULT FALSE;
