CREATE TABLE users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar, updated_at timestamp);
