// The first file of RollcallEngine replaces this one.
