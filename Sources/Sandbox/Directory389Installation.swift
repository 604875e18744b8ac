internal import Glibc

/// The paths of 389 Directory Server, and the user that it runs as.
struct Directory389Installation: Sendable {
  let program: String
  /// The configuration that `dscreate` fills in.
  let template: String
  /// Files of which each instance has a copy.
  let configurationFiles: [String]
  let ownSchema: String
  /// The user that the server switches to when it is started by root.
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

  /// Changes the owner of a folder and its contents to the server's user.
  func own(_ folder: String) async throws {
    if let user { _ = try await Command("chown", ["-R", "\(user):", folder]).run() }
  }
}
