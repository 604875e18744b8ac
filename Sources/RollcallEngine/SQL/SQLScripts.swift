/// The scripts of the folder `sql/`, as they were when the program was built.
public enum SQLScripts {
  /// The version of the schema that this program works with; `install.sql` writes it into `rollcall.version`.
  public static let version = 2

  public static var install: String { text(PackageResources.install_sql) }
  public static var grants: String { text(PackageResources.grants_sql) }
  public static var uninstall: String { text(PackageResources.uninstall_sql) }
  public static var example: String { text(PackageResources.example_sql) }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
