internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// What is missing on both sides: told as LDIF and SQL, or added.
extension Initializer {
  // MARK: slapd

  /// Of a slapd on this machine, what its configuration lacks.
  func completeSlapd(
    _ proposal: inout Proposal, _ facts: TableFacts, _ picture: inout DirectoryPicture
  ) async throws(LDAPError) {
    guard let base = proposal.base, let suffix = proposal.suffix, let account = proposal.account, let socket,
      let slapd = await SlapdAdministration.open(socket)
    else {
      tellMissing(proposal)
      if settings.applies {
        missing(
          "the configuration of slapd cannot be read: run this as root on its machine, with --socket if it is not ldapi:///"
        )
      }
      return
    }
    defer { slapd.session.close() }
    let setup = SlapdSetup(
      base: base, account: DistinguishedName(unchecked: account), suffix: suffix, link: proposal.link)
    guard let needs = try await slapd.needs(setup, picture.schema) else { return tellMissing(proposal) }
    for note in needs.notes { missing(note) }
    guard settings.applies else { return tell(needs, socket) }
    let left = try await apply(needs, slapd, socket)
    if !left.contains(where: { [.module, .overlay].contains($0) }) { picture.disables = true }
    if !left.contains(.base) { picture.units.append(base) }
    proposal = Proposal(facts, picture, wishes)
  }

  /// Only of a slapd on the usual port: another one on this machine has another configuration.
  private var socket: String? {
    if let socket = settings.socket { return socket }
    guard let url = try? DirectoryURL(parsing: wishes.url) else { return nil }
    if url.scheme == .ldapi { return url.text }
    return url.isLocal && (url.port == nil || url.port == 389 || url.port == 636) ? "ldapi:///" : nil
  }

  private func tell(_ needs: SlapdNeeds, _ socket: String) {
    let administrator = settings.administrator ?? needs.administrator ?? "cn=admin,…"
    let client = "ldapmodify -x -H \(wishes.url) -D '\(administrator)' -W"
    tell(
      needs, [.base, .account], "as the directory's administrator, with another password: \(client) -a")
    tell(needs, [.access, .index, .limits, .module, .overlay], "as root: ldapmodify -Y EXTERNAL -H \(socket)")
    tell(needs, [.policies, .policy], "then, as the directory's administrator: \(client)")
    if !needs.missing.isEmpty { onLine?("rollcall init --apply adds all of it.") }
  }

  private func tell(_ needs: SlapdNeeds, _ parts: [SlapdSetup.Part], _ how: String) {
    let missing = parts.filter(needs.missing.contains)
    if missing.isEmpty { return }
    self.missing("in slapd: \(missing.map(\.words).joined(separator: ", ")); \(how)")
    onLine?("\n" + needs.setup.ldif(missing))
  }

  /// - Returns: what could not be added.
  private func apply(
    _ needs: SlapdNeeds, _ slapd: SlapdAdministration, _ socket: String
  ) async throws(LDAPError) -> [SlapdSetup.Part] {
    var left: [SlapdSetup.Part] = []
    let administrator = needs.missing.contains { !$0.isConfiguration } ? try await administrator(needs, socket) : nil
    defer { administrator?.close() }
    for part in needs.missing {
      guard part.isConfiguration || administrator != nil else {
        left.append(part)
        missing(
          "\(part.words): it takes the password of the directory's administrator, in \(Self.administratorVariable)")
        continue
      }
      var password = Secret("")
      if part == .account {
        guard let found = passwordOfNewAccount() else {
          left.append(part)
          missing(
            "\(part.words): put its password into \(wishes.passwordVariable), or name a file with --password-file")
          continue
        }
        password = found
      }
      do throws(LDAPError) {
        try await slapd.add(part, needs.setup, administrator: administrator, password: password.bytes)
        onLine?("added: \(part.words)")
      } catch {
        left.append(part)
        missing("\(part.words): \(error)")
      }
    }
    return left
  }

  private func administrator(_ needs: SlapdNeeds, _ socket: String) async throws(LDAPError) -> LDAPSession? {
    guard let dn = settings.administrator ?? needs.administrator else { return nil }
    var text = settings.environment[Self.administratorVariable]
    if text == nil { text = await onQuestion?("Password of \(dn)", nil, true) }
    guard let text, !text.isEmpty else { return nil }
    var options = LDAPOptions(url: socket)
    options.bind = .simple(dn: dn, password: BindPassword(text))
    return try await LDAPSession.open(options)
  }

  /// The one that is known, or a new one in the file that has to hold it.
  private func passwordOfNewAccount() -> Secret? {
    if let known = knownPassword { return known }
    guard let path = passwordPath else { return nil }
    let letters = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)
    let password = (0..<32).map { _ in letters[Int.random(in: letters.indices)] }
    guard SecretFile.make(path, password) else {
      missing("the file \(path) cannot be made")
      return nil
    }
    onLine?("added: a password in \(path)")
    return Secret(bytes: password)
  }

  // MARK: PostgreSQL

  func completeRole(_ role: DaemonRole, _ facts: TableFacts) async throws(EngineError) {
    let steps = try await role.missing(facts)
    if steps.isEmpty { return }
    guard settings.applies else {
      missing("in PostgreSQL, as the owner of the tables or a superuser (rollcall install grants the rest):")
      onLine?("\n" + steps.map { $0.sql + ";\n" }.joined())
      return
    }
    for step in steps {
      do throws(EngineError) {
        try await role.database.query(step.sql)
        onLine?("added: \(step.done)")
      } catch {
        guard case .database(let refusal) = error, refusal.kind == .server, !refusal.isConnectionLost else {
          throw error
        }
        missing("\(step.sql): \(refusal.message)")
      }
    }
  }

  // MARK: The proposal itself

  /// Holds the proposal against both sides, as `check` will.
  func verify(_ text: String, _ options: ConnectionOptions, _ picture: DirectoryPicture) async {
    var environment = settings.environment
    environment[wishes.passwordVariable] = "unknown"
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try Configuration.parse(
        text, file: "proposal", environment: environment, needsDirectory: false, readFile: UnreadableFile.read)
    } catch {
      return missing("\(error)")
    }
    let mapping = Database(options, searchPath: SessionSettings.path(configuration.source.schemas))
    defer { mapping.close() }
    do throws(EngineError) {
      let readings = try await MappingReader(mapping, configuration).read()
      let findings =
        MappingInspection(configuration).failures(readings)
        + SchemaInspection(configuration, picture.schema, picture.kind.dialect, readings).findings()
      for finding in findings where finding.level == .error { missing(finding.complaint) }
    } catch {
      missing("the mapping could not be looked at: \(error)")
    }
  }
}

extension SlapdSetup.Part {
  /// For a line about it.
  var words: String {
    switch self {
    case .base: "the base"
    case .account: "the account"
    case .access: "its rights"
    case .index: "the index"
    case .limits: "its limits"
    case .module: "the module ppolicy"
    case .overlay: "the overlay ppolicy"
    case .policies: "the unit for policies"
    case .policy: "the default policy"
    }
  }
}
