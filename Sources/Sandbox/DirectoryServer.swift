/// A throwaway OpenLDAP server: LDAP on a port of 127.0.0.1, LDAPS on another if it has a certificate, and ldapi in
/// its temporary folder.
///
/// It initially contains the suffix, `ou=users`, `ou=groups` and the service account.
public actor DirectoryServer: ThrowawayDirectory {
  public nonisolated var kind: DirectoryServerKind { .openLDAP }
  public nonisolated let suffix: String

  public nonisolated let port: Int
  public nonisolated let securePort: Int?
  public nonisolated var url: String { "ldap://127.0.0.1:\(port)" }
  public nonisolated var secureURL: String? { securePort.map { "ldaps://127.0.0.1:\($0)" } }
  public nonisolated var socketURL: String { Files.socketURL("\(home)/ldapi") }
  public nonisolated let authorityFile: String?

  /// The rootdn.
  public nonisolated let adminDN: String
  public nonisolated let adminPassword: String
  public nonisolated let accountDN: String
  public nonisolated let accountPassword: String
  /// The path of the server's log.
  public nonisolated let log: String

  private nonisolated let installation: OpenLDAPInstallation
  private nonisolated let folder: TemporaryFolder
  private nonisolated let home: String
  private nonisolated let environment: [String: String]
  public var process: ChildProcess?

  /// Creates a directory in `folder` and starts its server, which answers when this returns.
  /// - Throws: `SandboxError`.
  public static func start(
    in folder: TemporaryFolder, options: OpenLDAPOptions = OpenLDAPOptions()
  ) async throws -> DirectoryServer {
    let installation = try OpenLDAPInstallation.find()
    return try await FreePort.untilFree { port in
      let server = DirectoryServer(
        installation: installation, folder: folder, home: try folder.makeSubfolder("openldap"),
        suffix: options.suffix, port: port, securePort: options.tls == nil ? nil : try FreePort.next(),
        authorityFile: options.tls?.certificate, passwords: options.passwords, environment: options.environment)
      try await server.initialize(options)
      try await server.start()
      return server
    }
  }

  private init(
    installation: OpenLDAPInstallation, folder: TemporaryFolder, home: String, suffix: String, port: Int,
    securePort: Int?, authorityFile: String?, passwords: (admin: String, account: String)?,
    environment: [String: String]
  ) {
    self.environment = environment
    self.installation = installation
    self.folder = folder
    self.home = home
    self.suffix = suffix
    self.port = port
    self.securePort = securePort
    self.authorityFile = authorityFile
    adminDN = "cn=admin,\(suffix)"
    accountDN = "cn=rollcall,\(suffix)"
    adminPassword = passwords?.admin ?? Self.randomPassword()
    accountPassword = passwords?.account ?? Self.randomPassword()
    log = home + ".log"
  }

  private func initialize(_ options: OpenLDAPOptions) async throws {
    let configuration = OpenLDAPConfiguration(
      installation: installation, options: options, home: home, account: accountDN,
      accountPassword: accountPassword, admin: adminDN, adminPassword: adminPassword)
    try Files.makeFolder(home + "/data", mode: 0o700)
    try Files.write(configuration.slapdConf, to: home + "/slapd.conf", mode: 0o600)
    // In files, because ps shows arguments.
    try Files.write(adminPassword, to: adminPasswordFile, mode: 0o600)
    try Files.write(accountPassword, to: accountPasswordFile, mode: 0o600)
    // A second server replicates the entries of the first, with their identities.
    if options.passwords != nil { return }
    _ = try await Command(installation.slapd, ["-T", "add", "-q", "-f", home + "/slapd.conf"]).run(
      input: configuration.baseEntries)
  }

  public func start() async throws {
    if let process, !process.hasEnded { return }
    let urls = [url, secureURL, socketURL].compactMap(\.self).joined(separator: " ")
    let started = try await ChildProcess.start(
      // With any -d it stays in the foreground; "none" still prints why it cannot start.
      installation.slapd, ["-f", home + "/slapd.conf", "-h", urls, "-d", "none"],
      name: String(home.split(separator: "/").last ?? "openldap"), in: folder, environment: environment)
    process = started
    // It listens last of all, and the socket in this folder cannot belong to another server.
    let isReady = Command("ldapwhoami", ["-x", "-H", socketURL])
    try await answer(started, "slapd on port \(port)", isReady, logs: [log])
  }

  /// The output of slapcat; the server may run meanwhile.
  public func backup() async throws -> String {
    try await Command(installation.slapd, ["-T", "cat", "-f", home + "/slapd.conf"]).run(within: .seconds(60))
  }

  /// Replaces the data by a backup; the server must be stopped.
  public func restore(_ backup: String) async throws {
    for file in Files.names(in: home + "/data") { Files.remove("\(home)/data/\(file)") }
    _ = try await Command(installation.slapd, ["-T", "add", "-q", "-f", home + "/slapd.conf"]).run(
      input: backup, within: .seconds(60))
  }

  /// Makes a replica a server that takes writes; it must be stopped.
  public func endReplication() throws(SandboxError) {
    let lines = try Files.read(home + "/slapd.conf").split(separator: "\n")
    let kept = lines.filter { line in !["syncrepl ", "  ", "updateref "].contains { line.hasPrefix($0) } }
    try Files.write(kept.joined(separator: "\n") + "\n", to: home + "/slapd.conf", mode: 0o600)
  }

  public nonisolated var adminPasswordFile: String { home + "/admin.password" }
  public nonisolated var accountPasswordFile: String { home + "/account.password" }
}
