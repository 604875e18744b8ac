/// A directory server of any kind, so that one test runs against each.
///
/// It initially contains the suffix, `ou=users`, `ou=groups` and the service account.
public protocol ThrowawayDirectory: Actor {
  nonisolated var kind: DirectoryServerKind { get }
  nonisolated var suffix: String { get }

  nonisolated var url: String { get }
  /// The ldaps URL; nil without a certificate.
  nonisolated var secureURL: String? { get }
  /// The certificate of the authority that issued the server's, PEM; nil without one.
  nonisolated var authorityFile: String? { get }

  /// The administrator, to whom no access rule applies.
  nonisolated var adminDN: String { get }
  nonisolated var adminPassword: String { get }
  /// The account, which may write only below the two bases.
  nonisolated var accountDN: String { get }
  nonisolated var accountPassword: String { get }
  /// Files that contain only a password, for ldapsearch's `-y`.
  nonisolated var adminPasswordFile: String { get }
  nonisolated var accountPasswordFile: String { get }

  /// Restarts it with the same address and data; returns when it answers. Does nothing if it runs.
  func start() async throws
  /// Shuts it down cleanly. Does nothing if it is not running.
  func stop() async
  /// SIGKILL; `start()` restarts it.
  func kill() async throws
  /// SIGSTOP: connections stay open and nothing answers.
  func freeze() async throws
  /// SIGCONT.
  func thaw()
  /// Its first process; nil while it is down.
  var process: ChildProcess? { get set }
}

/// The kind of server; the raw value is that of the configuration's `kind`.
public enum DirectoryServerKind: String, Sendable, Hashable, CaseIterable {
  case openLDAP = "openldap"
  case directory389 = "389ds"
  case activeDirectory = "ad"
}

extension ThrowawayDirectory {
  public nonisolated var usersBase: String { "ou=users,\(suffix)" }
  public nonisolated var groupsBase: String { "ou=groups,\(suffix)" }

  public func stop() async {
    await process?.stop()
    process = nil
  }

  public func kill() async throws {
    try await process?.kill()
    process = nil
  }

  public func freeze() async throws { try await process?.freeze() }

  public func thaw() { process?.thaw() }

  /// Its first process's identifier; nil while it is down.
  public var pid: Int32? { process.flatMap { $0.hasEnded ? nil : $0.pid } }

  /// Waits until a command that queries the server succeeds.
  /// - Throws: `SandboxError.ended` with the ends of the logs if the process has ended before.
  func answer(
    _ started: ChildProcess, _ server: String, _ question: Command, logs: [String]
  ) async throws {
    try await eventually(within: .seconds(90), "\(server) to answer", poll: .milliseconds(20)) {
      if started.hasEnded { return true }
      _ = try await question.run()
      return true
    }
    guard started.hasEnded else { return }
    throw SandboxError.ended(
      server: server, status: "\(await started.waitForEnd())", output: logs.map { Files.tail($0) }.joined())
  }

  public func restart() async throws {
    await stop()
    try await start()
  }

  /// Runs `ldapsearch -LLL` with these further arguments, as the administrator; returns its LDIF, unfolded.
  /// - Throws: `SandboxError.failed` with the server's result, 32 (no such object) too.
  public nonisolated func search(_ arguments: [String]) async throws -> String {
    try await Command(
      "ldapsearch", ["-LLL", "-o", "ldif-wrap=no"] + adminArguments + arguments
    ).run(within: .seconds(300))
  }

  /// Searches below `base` with `filter`, for `attributes` (all user attributes if empty).
  public nonisolated func search(
    base: String, scope: String = "sub", filter: String = "(objectClass=*)", attributes: [String] = []
  ) async throws -> String {
    try await search(["-b", base, "-s", scope, filter] + attributes)
  }

  /// Applies LDIF change records as the administrator with ldapmodify; a record without `changetype` adds.
  public nonisolated func modify(_ ldif: String) async throws {
    _ = try await Command("ldapmodify", ["-a"] + adminArguments).run(input: ldif, within: .seconds(300))
  }

  /// Runs one of OpenLDAP's clients bound as the service account.
  @discardableResult
  public nonisolated func asAccount(
    _ program: String, _ arguments: [String], input: String = ""
  ) async throws -> String {
    let words = clientArguments + ["-D", accountDN, "-y", accountPasswordFile]
    return try await Command(program, words + arguments).run(input: input)
  }

  /// Whether a simple bind with this password succeeds; false for the server's 49 (invalid credentials) or 53
  /// (unwilling to perform), which it returns for a locked account.
  public nonisolated func admits(_ dn: String, password: String) async throws -> Bool {
    do {
      // Active Directory does not support "Who am I?".
      _ = try await Command(
        "ldapsearch", clientArguments + ["-D", dn, "-w", password, "-b", "", "-s", "base", "1.1"]
      ).run()
      return true
    } catch SandboxError.failed(_, _, let output) where output.contains("(49)") || output.contains("(53)") {
      return false
    }
  }

  /// The command line with which a person can search the directory.
  public nonisolated var searchLine: String {
    "ldapsearch -x -H \(url) -D \(adminDN) -y \(adminPasswordFile) -b \(suffix)"
  }

  /// Uses TLS if there is a certificate, because Active Directory requires it for passwords.
  private nonisolated var clientArguments: [String] {
    ["-x", "-H", secureURL ?? url] + (authorityFile.map { ["-o", "TLS_CACERT=\($0)"] } ?? [])
  }

  private nonisolated var adminArguments: [String] {
    clientArguments + ["-D", adminDN, "-y", adminPasswordFile]
  }

  /// A password of letters and digits that satisfies the usual complexity rules.
  static func randomPassword() -> String {
    let letters = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    var generator = SystemRandomNumberGenerator()
    return "aA2" + String((0..<20).compactMap { _ in letters.randomElement(using: &generator) })
  }
}
