/// A throwaway Active Directory domain with Samba as its only controller, which serves LDAP, LDAPS and Kerberos.
///
/// Its ports are fixed: 389, 636 and 88 of a loopback address of its own. All its files are in its temporary folder.
public actor SambaDomain: ThrowawayDirectory {
  private static let ports = [88, 389, 464, 636, 3268, 3269]

  /// Why none can be started here, because its fixed ports are unavailable; nil otherwise.
  public static var obstacle: SandboxError? { LoopbackAddress.obstacle(toPorts: ports, for: "Samba") }

  public nonisolated var kind: DirectoryServerKind { .activeDirectory }
  /// The domain's DNS name.
  public nonisolated let realm: String
  public nonisolated var suffix: String {
    realm.split(separator: ".").map { "dc=\($0)" }.joined(separator: ",")
  }

  public nonisolated let address: String
  public nonisolated var url: String { "ldap://\(address)" }
  public nonisolated var secureURL: String? { "ldaps://\(address)" }
  public nonisolated let authorityFile: String?

  /// The domain's administrator.
  public nonisolated var adminDN: String { "cn=Administrator,cn=Users,\(suffix)" }
  public nonisolated let adminPassword: String
  public nonisolated var accountDN: String { "cn=rollcall,cn=Users,\(suffix)" }
  public nonisolated let accountPassword: String
  public nonisolated var adminPasswordFile: String { home + "/admin.password" }
  public nonisolated var accountPasswordFile: String { home + "/account.password" }
  /// The path of the server's log.
  public nonisolated var log: String { home + ".log" }

  nonisolated let installation: SambaInstallation
  private nonisolated let folder: TemporaryFolder
  nonisolated let home: String
  public var process: ChildProcess?

  /// Creates a domain in `folder` and starts its controller, which answers when this returns.
  /// - Throws: `SandboxError`, with advice if the fixed ports are unavailable.
  public static func start(
    in folder: TemporaryFolder, tls: TestAuthority, realm: String = "example.com"
  ) async throws -> SambaDomain {
    let installation = try SambaInstallation.find()
    let domain = SambaDomain(
      installation: installation, folder: folder, home: try folder.makeSubfolder("samba"), realm: realm,
      address: try LoopbackAddress.next(withFree: ports, for: "Samba"), authorityFile: tls.certificate)
    try await domain.initialize(tls)
    try await domain.start()
    return domain
  }

  private init(
    installation: SambaInstallation, folder: TemporaryFolder, home: String, realm: String, address: String,
    authorityFile: String
  ) {
    self.installation = installation
    self.folder = folder
    self.home = home
    self.realm = realm
    self.address = address
    self.authorityFile = authorityFile
    adminPassword = Self.randomPassword()
    accountPassword = Self.randomPassword()
  }

  private func initialize(_ authority: TestAuthority) async throws {
    let name = "dc.\(realm)"
    let configuration = SambaConfiguration(
      home: home, address: address, realm: realm,
      certificate: try await authority.issue(
        name: "samba-\(address)", subject: "/CN=\(name)", alternativeNames: "IP:\(address),DNS:\(name)"),
      authority: authority.certificate)
    // In files, because ps shows arguments.
    try Files.write(adminPassword, to: adminPasswordFile, mode: 0o600)
    try Files.write(accountPassword, to: accountPasswordFile, mode: 0o600)
    // Without its own file it would use the machine's.
    try Files.write("[global]\n", to: home + "/empty.conf")
    _ = try await Command(
      installation.tool,
      [
        "domain", "provision", "--configfile=\(home)/empty.conf", "--targetdir=\(home)/dc", "--use-rfc2307",
        "--realm=\(realm.uppercased())", "--domain=\(SambaConfiguration.workgroup(realm))",
        "--server-role=dc",
        "--dns-backend=NONE", "--host-name=dc", "--host-ip=\(address)",
        "--option=interfaces=\(address)/8", "--option=bind interfaces only=yes", "--option=ldb:nosync=true",
      ]
    ).run(within: .seconds(600))
    try Files.write(configuration.smbConf, to: home + "/smb.conf")
    _ = try await Command(
      installation.python, ["-c", SambaConfiguration.preparation, home + "/smb.conf", address]
    ).run(input: "\(adminPassword)\n\(accountPassword)\n", within: .seconds(120))
  }

  public func start() async throws {
    if let process, !process.hasEnded { return }
    let started = try await ChildProcess.start(
      installation.program,
      ["-F", "--no-process-group", "-M", "prefork", "--debug-stdout", "-s", home + "/smb.conf"],
      name: String(home.split(separator: "/").last ?? "samba"), in: folder)
    process = started
    let isReady = Command(
      "ldapsearch",
      [
        "-x", "-H", "ldaps://\(address)", "-o", "TLS_CACERT=\(authorityFile ?? "")", "-b", "", "-s", "base",
        "1.1",
      ])
    try await answer(started, "Samba on \(address)", isReady, logs: [log])
  }

}
