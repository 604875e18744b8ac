// The first file of Postgres replaces this one.
