-- What a release that changes the schema adds: a column, and a value in it for what was written before.

ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT 'none' CHECK (length(note) <= 64);
UPDATE orders SET note = 'from before';
