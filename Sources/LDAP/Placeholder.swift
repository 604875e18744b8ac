// The first file of LDAP replaces this one.
