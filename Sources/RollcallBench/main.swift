// The first file of RollcallBench replaces this one.
