// The first file of RollcallCommand replaces this one.
