internal import YAML

extension Configuration {
  /// `directory`: the LDAP server, and Rollcall's account there.
  package struct Directory: Hashable, Sendable {
    /// `url`: one URL or a list that is tried in order, `ldap://host`, `ldaps://host:636`,
    /// `ldapi://%2Frun%2Fslapd%2Fldapi`; required.
    package var urls: [DirectoryURL]

    /// `starttls` (default false): start TLS on an `ldap://` connection before any other operation.
    package var startTLS: Bool

    /// `ca` (default the system's): a PEM file with the CA certificates that verify the server's certificate.
    package var ca: String?

    /// `verify` (default true): check the server's certificate and its name.
    package var verify: Bool

    /// `bind`: the account; required.
    package var bind: Bind

    /// `certificate` (default none): a PEM file with the client's certificate, for `mechanism: external`.
    package var certificate: String?

    /// `key` (default none): the PEM file with the certificate's private key.
    package var key: String?

    /// `kind` (default `auto`): the kind of server; `auto` asks the server.
    package var kind: Kind

    /// `timeout` (default `10s`, at most `1h`): the deadline of a single operation.
    package var timeout: Duration
  }

  /// `bind`: `{ dn: …, password: … }`, `{ dn: …, password_file: … }`, `{ mechanism: external }` or
  /// `{ mechanism: gssapi, principal: …, keytab: … }`.
  package enum Bind: Hashable, Sendable {
    /// `dn` with `password` or `password_file` (one newline at the file's end is removed). Active Directory also
    /// accepts `user@domain` as the DN.
    case simple(dn: String, password: Secret)
    /// `mechanism: external`: the identity comes from the socket (`ldapi`) or the client certificate.
    case external
    /// `mechanism: gssapi`: Kerberos, as `principal` with its realm (`rollcall@EXAMPLE.COM`), with its key in the file
    /// `keytab`, which is read anew with each connection.
    case gssapi(principal: String, keytab: String)
  }

  /// `kind`: the kind of server.
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    case auto
    case openLDAP = "openldap"
    case directoryServer389 = "389ds"
    case activeDirectory = "ad"
  }

  /// `mechanism`: ways to bind without a password.
  enum Mechanism: String, CaseIterable {
    case external
    case gssapi
  }
}

extension Configuration.Directory {
  /// nil, with the problems recorded, if something is wrong.
  init?(_ section: ConfigurationSection) {
    let urls = Self.urls(section)
    let startTLS = section.bool("starttls", default: false)
    let ca = Self.readableFile("ca", section)
    let verify = section.bool("verify", default: true)
    if !verify {
      section.reader.warning(
        section.position(of: "verify"),
        "directory.verify: anyone on the network path can impersonate the directory and read the password; name the CA of "
          + "its certificate in directory.ca instead")
    }
    let certificate = Self.readableFile("certificate", section)
    let key = Self.readableFile("key", section)
    if key != nil, let name = section.text("key") { section.reader.warnOfExposure(name, "the private key") }
    let kind = section.choice("kind", default: Configuration.Kind.auto)
    let timeout = section.duration("timeout", default: .seconds(10))
    if timeout > .seconds(3600) {
      section.reader.problem(section.position(of: "timeout"), "directory.timeout: must be at most 1h")
    }
    let bind: Configuration.Bind?
    if section.has("bind") {
      bind = section.section("bind", keys: Configuration.Bind.keys, isSecret: true)
        .flatMap { Configuration.Bind($0) }
    } else {
      section.missing("bind")
      bind = nil
    }
    guard let urls, let bind else { return nil }
    self.init(
      urls: urls.map(\.url), startTLS: startTLS, ca: ca, verify: verify, bind: bind,
      certificate: certificate, key: key, kind: kind, timeout: timeout)
    checkTLS(urls, section)
    checkBind(urls, section)
  }

  static let keys = [
    "url", "starttls", "ca", "verify", "bind", "certificate", "key", "kind", "timeout",
  ]

  private static func urls(
    _ section: ConfigurationSection
  ) -> [(url: DirectoryURL, text: ConfiguredText)]? {
    guard section.has("url") else {
      section.missing("url")
      return nil
    }
    var texts: [ConfiguredText?] = []
    if section.isList("url") {
      texts = (section.list("url") ?? []).map { section.reader.text($0.node, path: $0.path) }
      if texts.isEmpty {
        section.reader.problem(section.position(of: "url"), "directory.url: names no server")
      }
    } else {
      texts = [section.text("url")]
    }
    var urls: [(DirectoryURL, ConfiguredText)] = []
    for text in texts.compactMap({ $0 }) {
      do throws(DirectoryURL.Invalid) {
        urls.append((try DirectoryURL(parsing: text.value), text))
      } catch {
        // A URL with a user name may contain a password as well.
        let shown = text.value.contains("@") && !text.isSubstituted ? "the URL" : "\"\(text.shown)\""
        section.reader.problem(text.mark, "\(text.path): \(shown) \(error)")
      }
    }
    return urls.isEmpty || urls.count < texts.count ? nil : urls
  }

  /// The name of a file that can be read now, made absolute if the configuration's own name is.
  private static func readableFile(_ key: String, _ section: ConfigurationSection) -> String? {
    guard let name = section.text(key) else { return nil }
    if section.reader.needsDirectory, section.reader.contents(of: name) == nil { return nil }
    return section.reader.resolved(name.value)
  }

  private func checkTLS(
    _ urls: [(url: DirectoryURL, text: ConfiguredText)], _ section: ConfigurationSection
  ) {
    if startTLS, let other = urls.first(where: { $0.url.scheme != .ldap }) {
      section.reader.problem(
        section.position(of: "starttls"),
        "directory.starttls: is for ldap:// only, not for \"\(other.text.shown)\"")
    }
    switch (section.has("certificate"), section.has("key")) {
    case (true, false):
      section.reader.problem(
        section.position(of: "certificate"), "directory.certificate: needs its private key in directory.key")
    case (false, true):
      section.reader.problem(
        section.position(of: "key"), "directory.key: needs its certificate in directory.certificate")
    case (true, true) where !urls.contains { usesTLS($0.url) }:
      section.reader.problem(
        section.position(of: "certificate"), "directory.certificate: needs ldaps:// or starttls: true")
    case (true, true), (false, false): break
    }
  }

  private func usesTLS(_ url: DirectoryURL) -> Bool {
    url.scheme == .ldaps || url.scheme == .ldap && startTLS
  }

  private func checkBind(
    _ urls: [(url: DirectoryURL, text: ConfiguredText)], _ section: ConfigurationSection
  ) {
    switch bind {
    case .simple:
      for (url, text) in urls where !url.isLocal && !usesTLS(url) {
        section.reader.warning(
          text.mark,
          "\(text.path): the password goes to \"\(text.shown)\" unencrypted; use ldaps:// or starttls: true")
      }
    case .external:
      let hasCertificate = section.has("certificate")
      for (url, text) in urls where url.scheme != .ldapi && !(hasCertificate && usesTLS(url)) {
        section.reader.problem(
          section.position(of: "bind.mechanism"),
          "directory.bind.mechanism: external needs ldapi://, or TLS with certificate and key, "
            + "not \"\(text.shown)\"")
      }
    case .gssapi:
      for (url, text) in urls where url.scheme == .ldapi {
        section.reader.problem(
          text.mark,
          "\(text.path): gssapi needs a server's name, and \"\(text.shown)\" has none; use ldap:// or ldaps://, or "
            + "mechanism: external")
      }
    }
  }
}

extension Configuration.Bind {
  fileprivate static let keys = ["dn", "password", "password_file", "mechanism"] + kerberosKeys

  /// nil, with the problems recorded, if something is wrong.
  fileprivate init?(_ section: ConfigurationSection) {
    if section.has("mechanism") {
      let mechanism = section.choice("mechanism", default: Configuration.Mechanism.external)
      // What else is there depends on it.
      guard section.text("mechanism")?.value == mechanism.rawValue else { return nil }
      for key in ["dn", "password", "password_file"] where section.has(key) {
        section.reader.problem(
          section.position(of: key), "directory.bind.\(key): cannot be combined with mechanism")
      }
      guard let bind = mechanism == .gssapi ? Self.kerberos(section) : .external else { return nil }
      self = bind
      if mechanism == .external { Self.refuseKerberosKeys(section) }
      return
    }
    Self.refuseKerberosKeys(section)
    let dn = section.required("dn")
    guard let password = Self.password(section), let dn else { return nil }
    self = .simple(dn: dn.value, password: password)
  }

  /// Never empty if it is going to be used: a simple bind without a password succeeds anonymously (RFC 4513, 5.1.2).
  private static func password(_ section: ConfigurationSection) -> Secret? {
    let given = (section.has("password"), section.has("password_file"))
    if !section.reader.needsDirectory, given.0 != given.1 { return Secret(bytes: []) }
    switch given {
    case (true, true):
      section.reader.problem(
        section.position(of: "password_file"),
        "directory.bind: password and password_file are mutually exclusive")
      return nil
    case (false, false):
      section.reader.problem(
        section.mark, "missing key \"password\" (or \"password_file\") under directory.bind")
      return nil
    case (true, false):
      guard let text = section.text("password", mayBeEmpty: true) else { return nil }
      if !text.isSubstituted { section.reader.literalSecrets.append(text) }
      guard text.value.isEmpty else { return Secret(text.value) }
      section.reader.problem(text.mark, "\(text.path): is empty")
      return nil
    case (false, true):
      guard let name = section.text("password_file"), var bytes = section.reader.contents(of: name) else {
        return nil
      }
      section.reader.warnOfExposure(name, "the password")
      if bytes.last == UInt8(ascii: "\n") {
        bytes.removeLast()
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
      }
      guard bytes.isEmpty else { return Secret(bytes: bytes) }
      section.reader.problem(name.mark, "\(name.path): \"\(name.shown)\" is empty")
      return nil
    }
  }
}
