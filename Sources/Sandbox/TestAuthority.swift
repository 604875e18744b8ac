/// A certificate authority for one test run, with a certificate for servers on this machine.
public struct TestAuthority: Sendable {
  /// The paths of a certificate and its key, both PEM.
  public struct Identity: Sendable, Hashable {
    public let certificate: String
    public let key: String
  }

  /// The path of the authority's own certificate, PEM.
  public let certificate: String
  /// For the names `localhost` and 127.0.0.1.
  public let server: Identity
  private let folder: String

  /// Creates a key, a certificate, and the server's certificate, with openssl.
  public static func make(in folder: TemporaryFolder) async throws -> TestAuthority {
    let home = try folder.makeSubfolder("authority")
    _ = try await Command(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2",
        "-subj", "/CN=Throwaway authority", "-addext", "basicConstraints=critical,CA:TRUE",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "\(home)/ca.key",
        "-out", "\(home)/ca.crt",
      ]
    ).run()
    let server = try await issue(
      name: "server", subject: "/CN=localhost", alternativeNames: "DNS:localhost,IP:127.0.0.1", home: home)
    return TestAuthority(certificate: "\(home)/ca.crt", server: server, folder: home)
  }

  /// Signs another certificate.
  /// - Parameters:
  ///   - name: the name of the files.
  ///   - subject: in openssl's form: `/DC=com/DC=example/CN=rollcall`.
  ///   - alternativeNames: in openssl's form: `DNS:elsewhere.example`.
  ///   - usage: the extended key usage, in openssl's form; nil omits it.
  ///   - days: the validity in days; a negative number gives an expired one.
  public func issue(
    name: String, subject: String, alternativeNames: String? = nil, usage: String? = "serverAuth,clientAuth",
    days: Int = 2
  ) async throws -> Identity {
    try await Self.issue(
      name: name, subject: subject, alternativeNames: alternativeNames, usage: usage, days: days, home: folder)
  }

  /// The same authority, with this certificate for the server.
  public func presenting(_ identity: Identity) -> TestAuthority {
    TestAuthority(certificate: certificate, server: identity, folder: folder)
  }

  private static func issue(
    name: String, subject: String, alternativeNames: String?, usage: String? = "serverAuth,clientAuth", days: Int = 2,
    home: String
  ) async throws -> Identity {
    let identity = Identity(certificate: "\(home)/\(name).crt", key: "\(home)/\(name).key")
    let request = "\(home)/\(name).csr"
    _ = try await Command(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", subject,
        "-keyout", identity.key, "-out", request,
      ]
    ).run()
    var extensions = "basicConstraints=CA:FALSE\n"
    if let usage { extensions += "extendedKeyUsage=\(usage)\n" }
    if let alternativeNames { extensions += "subjectAltName=\(alternativeNames)\n" }
    try Files.write(extensions, to: "\(home)/\(name).ext")
    _ = try await Command(
      "openssl",
      [
        "x509", "-req", "-in", request, "-CA", "\(home)/ca.crt", "-CAkey", "\(home)/ca.key",
        "-CAcreateserial", "-days", "\(days)", "-extfile", "\(home)/\(name).ext", "-out", identity.certificate,
      ]
    ).run()
    return identity
  }
}
