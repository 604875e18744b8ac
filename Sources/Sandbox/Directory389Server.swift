internal import Glibc

/// A throwaway 389 Directory Server: LDAP on a port of 127.0.0.1, LDAPS on another if it has a certificate, and ldapi
/// in its temporary folder. All its files are in that folder.
public actor Directory389Server: ThrowawayDirectory {
  public nonisolated var kind: DirectoryServerKind { .directory389 }
  public nonisolated let suffix: String

  public nonisolated let port: Int
  public nonisolated let securePort: Int?
  public nonisolated var url: String { "ldap://127.0.0.1:\(port)" }
  public nonisolated var secureURL: String? { securePort.map { "ldaps://127.0.0.1:\($0)" } }
  public nonisolated var socketURL: String { Files.socketURL(socket) }
  public nonisolated let authorityFile: String?

  /// The root DN.
  public nonisolated var adminDN: String { "cn=Directory Manager" }
  public nonisolated let adminPassword: String
  public nonisolated let accountDN: String
  public nonisolated let accountPassword: String
  public nonisolated var adminPasswordFile: String { home + "/admin.password" }
  public nonisolated var accountPasswordFile: String { home + "/account.password" }
  /// The path of the server's log.
  public nonisolated var log: String { home + "/log/errors" }

  private nonisolated let installation: Directory389Installation
  private nonisolated let folder: TemporaryFolder
  private nonisolated let home: String
  private nonisolated var name: String { String(home.split(separator: "/").last ?? "389ds") }
  private nonisolated var socket: String { home + "/run/ldapi" }
  /// A unique name, because the semaphore of the server's statistics is named after it.
  private nonisolated var configurationFolder: String { "\(home)/rollcall-\(port)" }
  public var process: ChildProcess?

  /// Creates a directory in `folder` and starts its server, which answers when this returns.
  /// - Throws: `SandboxError`.
  public static func start(
    in folder: TemporaryFolder, options: Directory389Options = Directory389Options()
  ) async throws -> Directory389Server {
    let installation = try Directory389Installation.find()
    return try await FreePort.untilFree { port in
      let server = Directory389Server(
        installation: installation, folder: folder, home: try folder.makeSubfolder("389ds"), port: port,
        securePort: options.tls == nil ? nil : try FreePort.next(), options)
      try await server.initialize(options)
      return server
    }
  }

  private init(
    installation: Directory389Installation, folder: TemporaryFolder, home: String, port: Int,
    securePort: Int?,
    _ options: Directory389Options
  ) {
    self.installation = installation
    self.folder = folder
    self.home = home
    self.port = port
    self.securePort = securePort
    suffix = options.suffix
    authorityFile = options.tls?.certificate
    accountDN = "cn=rollcall,\(options.suffix)"
    adminPassword = Self.randomPassword()
    accountPassword = Self.randomPassword()
  }

  private func initialize(_ options: Directory389Options) async throws {
    let configuration = Directory389Configuration(
      options: options, home: home, folder: configurationFolder, port: port, securePort: securePort,
      socket: socket, user: installation.user ?? ProcessTable.userName, admin: adminDN,
      adminPassword: adminPassword, account: accountDN, accountPassword: accountPassword)
    for name in Directory389Configuration.subfolders { try Files.makeFolder("\(home)/\(name)") }
    try Files.makeFolder(configurationFolder)
    try folder.takeAlong("/dev/shm/sem.rollcall-\(port).stats")
    try Files.makeFolder(configurationFolder + "/schema")
    try copy(installation.ownSchema, to: configurationFolder + "/schema")
    for file in installation.configurationFiles { try copy(file, to: configurationFolder) }
    try Files.write(
      configuration.dse(template: try Files.read(installation.template)),
      to: configurationFolder + "/dse.ldif",
      mode: 0o600)
    if let tls = options.tls { try await installCertificate(tls) }
    try await installation.own(home)
    // In files, because ps shows arguments.
    try Files.write(adminPassword, to: adminPasswordFile, mode: 0o600)
    try Files.write(accountPassword, to: accountPasswordFile, mode: 0o600)
    try await start()
    try await modify(configuration.backendEntries)
    try await modify(configuration.baseEntries)
  }

  private func copy(_ file: String, to folder: String) throws {
    let name = file.split(separator: "/").last ?? ""
    try Files.write(try Files.read(file), to: "\(folder)/\(name)")
  }

  /// Installs it in the NSS database of the server, which has no password.
  private func installCertificate(_ authority: TestAuthority) async throws {
    let database = "sql:\(configurationFolder)"
    let bundle = home + "/server.p12"
    _ = try await Command("certutil", ["-N", "-d", database, "--empty-password"]).run()
    _ = try await Command(
      "certutil", ["-A", "-d", database, "-n", "authority", "-t", "CT,,", "-i", authority.certificate]
    ).run()
    _ = try await Command(
      "openssl",
      [
        "pkcs12", "-export", "-name", "Server-Cert", "-in", authority.server.certificate, "-inkey",
        authority.server.key, "-out", bundle, "-passout", "pass:",
      ]
    ).run()
    _ = try await Command("pk12util", ["-i", bundle, "-d", database, "-W", "", "-K", ""]).run()
    Files.remove(bundle)
  }

  public func start() async throws {
    if let process, !process.hasEnded { return }
    let started = try await ChildProcess.start(
      // With any -d it stays in the foreground.
      installation.program, ["-D", configurationFolder, "-i", "\(home)/run/pid", "-d", "0"], name: name,
      in: folder)
    process = started
    // The socket in this folder cannot belong to another server.
    let isReady = Command("ldapwhoami", ["-x", "-H", socketURL])
    try await answer(started, "389 Directory Server on port \(port)", isReady, logs: [started.log, log])
  }

  public func stop() async {
    await process?.stop(within: .seconds(60))
    process = nil
  }

  /// Copies the data of a stopped server.
  public func backup() async throws {
    _ = try await Command("rm", ["-rf", home + "/backup"]).run()
    _ = try await Command("cp", ["-a", home + "/db", home + "/backup"]).run()
  }

  /// Replaces the data by that copy; the server must be stopped.
  public func restore() async throws {
    _ = try await Command("rm", ["-rf", home + "/db"]).run()
    _ = try await Command("cp", ["-a", home + "/backup", home + "/db"]).run()
  }
}
