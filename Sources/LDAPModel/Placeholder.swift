// The first file of LDAPModel replaces this one.
