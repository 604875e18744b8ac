@testable import RollcallPages

enum GalleryHealth {
  private static let facts: [HealthPage.Fact] = [
    .init("Rollcall", "0.2.0 (commit 0d71dbb2c9a4)"), .init("PostgreSQL", "15.18 (Debian 15.18-0+deb12u1)"),
    .init("Directory", "OpenLDAP 2.5.13 at ldap://127.0.0.1:389"), .init("Schema", "version 4"),
    .init("Lag", "counted from the commit (track_commit_timestamp is on)"),
  ]

  private static let fine: [HealthPage.Finding] = [
    .init(.ok, "rollcall.yaml", "read, directory \"main\""), .init(.ok, "public.users", "watched, 2468 rows in scope"),
    .init(.ok, "ldap://127.0.0.1:389", "OpenLDAP, bound as cn=rollcall,dc=example,dc=com"),
    .init(.ok, "employeeNumber", "is indexed for equality"),
  ]

  private static let configuration = """
    name: main
    source:
      connection: postgresql://rollcall@db.example.com/hr
      table: public.users
      key: id
    directory:
      url: ldap://127.0.0.1:389
      bind: { dn: "cn=rollcall,dc=example,dc=com", password: "***" }

    """

  static var well: HealthPage {
    HealthPage(
      Gallery.frame([Gallery.well]), findings: fine, facts: facts, configurations: [.init("main", configuration)])
  }

  static var trouble: HealthPage {
    HealthPage(
      Gallery.frame([Gallery.trouble]),
      findings: fine + [
        .init(
          .warning, "source.reader", "the mapping runs as the daemon's role",
          remedy: "psql -v role=rollcall -v reader=rollcall_reader -f sql/grants.sql"),
        .init(
          .error, "public.user_roles", "has no triggers, so its changes are not logged",
          remedy: "SELECT rollcall.watch('public.user_roles', 'user_id')"),
      ], facts: facts, configurations: [.init("main", configuration)])
  }
}
