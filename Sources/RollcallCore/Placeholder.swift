// The first file of RollcallCore replaces this one.
