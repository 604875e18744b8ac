internal import Glibc

/// Where 389 Directory Server is, and as whom it runs.
struct Directory389Installation: Sendable {
  let program: String
  /// The configuration that `dscreate` fills in.
  let template: String
  /// Files that an instance has its own copy of.
  let configurationFiles: [String]
  let ownSchema: String
  /// The user that the server becomes when it is started by root.
  let user: String?

  static func find() throws -> Directory389Installation {
    let program = "/usr/sbin/ns-slapd"
    let template = "/usr/share/dirsrv/data/template-dse.ldif"
    guard Files.isExecutable(program), Files.exists(template) else {
      throw SandboxError.missing(program: "ns-slapd", package: "389-ds-base")
    }
    return Directory389Installation(
      program: program, template: template,
      configurationFiles: ["slapd-collations.conf", "certmap.conf"].map { "/etc/dirsrv/config/\($0)" },
      ownSchema: "/etc/dirsrv/schema/99user.ldif", user: geteuid() == 0 ? "dirsrv" : nil)
  }

  /// Makes a folder with all that is in it the server's own.
  func own(_ folder: String) async throws {
    if let user { _ = try await Command("chown", ["-R", "\(user):", folder]).run() }
  }
}
