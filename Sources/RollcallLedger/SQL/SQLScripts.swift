/// The scripts of the folder `sql/`, as they were when the program was built.
package enum SQLScripts {
  /// The version of the schema that this program works with; `install.sql` writes it into `rollcall.version`.
  package static let version = 4

  package static var install: String { text(PackageResources.install_sql) }
  package static var grants: String { text(PackageResources.grants_sql) }
  package static var uninstall: String { text(PackageResources.uninstall_sql) }
  package static var example: String { text(PackageResources.example_sql) }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
