-- A table of people to try Rollcall with. Any table with a key will do.

CREATE TABLE IF NOT EXISTS users (
  id int PRIMARY KEY,
  username varchar,
  email varchar,
  full_name varchar,
  status varchar,
  updated_at timestamp
);
