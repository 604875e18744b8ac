internal import Glibc

/// The paths of PostgreSQL's programs, and the user that they run as.
struct PostgresInstallation: Sendable {
  /// The folder of initdb, postgres and psql, without Debian's wrappers (perl, a tenth of a second each).
  let programs: String
  /// PostgreSQL refuses to run as root: the existing user to run as instead.
  let user: String?

  /// The newest version of Debian's layout, or what is in the usual folders.
  static func find() throws -> PostgresInstallation {
    let parent = "/usr/lib/postgresql"
    let versions = Files.names(in: parent).compactMap { Int($0) }.sorted(by: >)
    let candidates =
      versions.map { "\(parent)/\($0)/bin" } + ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"]
    guard
      let programs = candidates.first(where: {
        Files.isExecutable($0 + "/initdb") && Files.isExecutable($0 + "/postgres")
      })
    else { throw SandboxError.missing(program: "initdb", package: "postgresql") }
    return PostgresInstallation(programs: programs, user: geteuid() == 0 ? "postgres" : nil)
  }

  /// The prefix of a command line that runs it as the server's user, in the same process.
  var prefix: [String] {
    user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--init-groups", "--"] } ?? []
  }

  /// One of the programs, as the server's user.
  func command(_ program: String, _ arguments: [String]) -> Command {
    let words = prefix + ["\(programs)/\(program)"] + arguments
    return Command(words[0], Array(words.dropFirst()))
  }

  /// Changes the owner of `folder` to the server's user.
  func own(_ folder: String) async throws {
    if let user { _ = try await Command("chown", ["\(user):", folder]).run() }
  }
}
