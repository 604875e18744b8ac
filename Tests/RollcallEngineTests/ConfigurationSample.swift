import RollcallEngine
import Sandbox

@testable import RollcallConfiguration

/// The files that the configuration's tests start from, and how they are read without touching a disk.
enum ConfigurationSample {
  /// Nothing but what has no default.
  static let minimal = """
    source:
      table: public.users
      key: id
    directory:
      url: ldap://127.0.0.1
      bind:
        dn: cn=rollcall,dc=example,dc=com
        password: "${LDAP_PASSWORD}"
    users:
      base: ou=users,dc=example,dc=com
      attributes:
        uid: username
        cn: full_name

    """

  /// Every key there is, as the documentation shows them.
  static let full = #"""
    name: main                        # names the watermark and the lock
    source:
      connection: ""                  # libpq conninfo or URI; empty = PG* environment
      table: public.users             # or query: SELECT …
      key: id
      where: null                     # SQL boolean: in scope
      active: status = 'active'       # SQL boolean: may log in; NULL is false here and in where
      watch: []                       # further tables the expressions read: [{ table: user_roles, key: user_id }]
    directory:
      url: ldap://127.0.0.1:389       # ldap, ldaps, ldapi; a list is tried in order
      starttls: false
      ca: null                        # CA file; verification is on unless verify: false
      bind: { dn: "cn=rollcall,dc=example,dc=com", password: "${LDAP_PASSWORD}" }   # or password_file
      certificate: null               # client certificate and key, for mechanism: external
      key: null
      kind: auto                      # auto | openldap | 389ds | ad
      timeout: 10s                    # deadline of an operation
    users:
      base: ou=users,dc=example,dc=com
      naming: uid                     # the RDN's attribute
      link: employeeNumber            # carries the key
      classes: [inetOrgPerson]
      attributes:                     # LDAP attribute: SQL expression over the row
        uid: username
        cn: full_name
        sn: regexp_replace(full_name, '^.*\s', '')
        mail: email
      filter: null                    # LDAP filter that every entry of ours must match
      adopt: false                    # true: take over an unlinked entry at the wanted DN
      protect: []                     # DNs, or a filter in parentheses: entries that are never touched
      create_only: {}                 # attribute: SQL expression, set when the entry is made and never again
      password: null                  # SQL expression, set at creation; hashed values as they are
      container: []                   # e.g. [{ ou: department }]: where below the base, nearest first
      inactive: disable               # disable | delete | keep (neither made nor changed)
      removed: delete                 # delete | disable (and out of its groups) | keep (untouched)
      disable: {}                     # attribute: value set while disabled; empty = the server's own way
    groups:                           # optional
      base: ou=groups,dc=example,dc=com
      membership: roles               # SQL expression: text[] of group names
      naming: cn
      classes: [groupOfNames]
      member: member                  # carries DNs; memberUid carries the naming value
      attributes: {}                  # further attributes of a group that is made
      create: true                    # make a group that is named but missing
      empty: delete                   # delete (only a group Rollcall made) | keep, when the last member leaves
      adopt: false                    # true, or names: groups that others made, taken over without asking
      placeholder: null               # DN kept as member where the class demands one
    removals: { most: 10%, least: 25, within: 24h }  # most: 100% switches the budget off
    journal: { keep: 90d, values: true, hide: [] }   # or journal: off
    behind_after: 2m                  # status says "behind" past this
    sweep: { every: 30s }
    reconcile: { every: 24h }

    """#

  /// Every key with a value other than its default.
  static let other = #"""
    name: branch-2
    source:
      connection: postgresql://rollcall:conn-secret@db.example.com/hr
      query: |
        SELECT u.*, d.name AS department
        FROM users u LEFT JOIN departments d ON d.id = u.department_id
      key: '"User Id"'
      where: kind <> 'robot'
      active: status = 'active'
      watch: [{ table: users, key: '"User Id"' }, { table: '"HR"."User Roles"', key: user_id }]
    directory:
      url:
        - ldaps://dc1.example.com
        - ldaps://[2001:db8::1]:1636
      ca: tls/ca.pem
      verify: false
      bind: { dn: rollcall@example.com, password_file: /run/secrets/ldap }
      certificate: tls/client.pem
      key: /etc/rollcall/client.key
      kind: ad
      timeout: 1500ms
    users:
      base: OU=People,${SUFFIX}
      naming: cn
      link: employeeID
      classes: [top, person, organizationalPerson, user]
      attributes:
        zip: zip
        cn: full_name
        sAMAccountName: username
        description;lang-de: '''$${'' || title'
      filter: (objectClass=user)
      adopt: true
      protect: [cn=svc, "cn=boss,dc=example,dc=com"]
      create_only: { title: first_title }
      password: initial_password
      container: [{ ou: department }, { ou: country }]
      inactive: keep
      removed: disable
      disable:
        loginShell: /bin/false
        description: [left, gone]
    groups:
      base: OU=Groups,DC=example,DC=com
      membership: roles
      naming: ou
      classes: [posixGroup]
      member: memberUid
      attributes: { gidNumber: 1000 + length(name) }
      create: false
      empty: keep
      adopt: [admins, "a,b"]
      placeholder: cn=nobody,dc=example,dc=com
    removals: { most: 2.5%, least: 0, within: 7d }
    journal: { keep: 7d, values: false, hide: [homePhone] }
    behind_after: 10m
    sweep: { every: 500ms }
    reconcile: { every: 6h }

    """#

  static let environment = ["LDAP_PASSWORD": "env-secret", "SUFFIX": "DC=example,DC=com"]

  static let files = [
    "/run/secrets/ldap": "file-secret\n", "/etc/rollcall/tls/ca.pem": "CA",
    "/etc/rollcall/tls/client.pem": "CERTIFICATE", "/etc/rollcall/client.key": "KEY",
    "/run/secrets/keytab": keytab,
  ]

  /// With keys of rollcall@EXAMPLE.COM and ldap/a.example.com@EXAMPLE.COM.
  static let keytab = KeytabText.of("rollcall@EXAMPLE.COM", "ldap/a.example.com@EXAMPLE.COM")

  static func parse(
    _ text: String, file: String = "rollcall.yaml", environment: [String: String] = environment
  ) throws(ConfigurationError) -> Configuration {
    try Configuration.parse(text, file: file, environment: environment) { path throws(UnreadableFile) in
      guard let contents = files[path] else { throw UnreadableFile(reason: "no such file") }
      return Array(contents.utf8)
    }
  }

  /// The problems of a text as lines; none if it is right.
  static func problems(_ text: String, environment: [String: String] = environment) -> [String] {
    do throws(ConfigurationError) {
      _ = try parse(text, environment: environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }
}
