/// The scripts of the folder `sql/`, as they were when the program was built.
package enum SQLScripts {
  /// The version of the schema that this program works with; `install.sql` writes it into `rollcall.version`.
  package static let version = 1 + steps.count

  /// What an upgrade does, for who is about to run it: the step to version 2 first, one sentence each.
  package static let steps = [
    "triggers run as the new role rollcall_writer and compare all watched columns at once; known entries are recorded by the "
      + "first complete comparison, and what Rollcall did not make is held as a takeover from then on",
    "adds the journal, pins, and what commands ask the daemon; the journal fills from then on, about 300 octets a write",
    "adds counters of each directory and its last hour by minutes, for metrics; triggers mark deletes, and after the next "
      + "install also changes of the columns that where and active read, which then go first",
  ]

  package static var install: String { text(PackageResources.install_sql) }
  package static var grants: String { text(PackageResources.grants_sql) }
  package static var uninstall: String { text(PackageResources.uninstall_sql) }
  package static var example: String { text(PackageResources.example_sql) }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
