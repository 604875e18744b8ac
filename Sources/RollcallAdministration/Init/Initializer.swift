internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// `rollcall init`: reads both sides, proposes a configuration, and says what is missing for it, or adds it.
@Reactor
package final class Initializer {
  package struct Settings: Sendable {
    package var wishes = InitWishes()
    /// Connection string or URI as it was given; it may hold a password.
    package var connection = Secret("")
    package var table: String?
    /// The daemon's role; nil: the proposal's own.
    package var role: String?
    /// The socket of a slapd whose configuration may be looked at and completed; nil: the default one, where `url` is
    /// this machine's.
    package var socket: String?
    package var administrator: String?
    package var environment: [String: String] = [:]
    package var applies = false

    package init() {}
  }

  /// The environment variable with the password of the directory's administrator.
  package static let administratorVariable = "LDAP_ADMIN_PASSWORD"

  let settings: Settings
  var wishes: InitWishes
  /// Told of each line for a person: what was done, and what is missing.
  package var onLine: (@Reactor (String) -> Void)?
  /// Asks a person; nil where nobody is there, or nothing was said.
  package var onQuestion: (@Reactor (_ question: String, _ suggestion: String?, _ isSecret: Bool) async -> String?)?
  /// Whether everything that is missing was found, and nothing of it failed.
  package internal(set) var isComplete = true

  package init(_ settings: Settings) {
    self.settings = settings
    wishes = settings.wishes
  }

  /// - Returns: the configuration; nil where there can be none, after it was said why.
  package func run() async throws(EngineError) -> String? {
    let options: ConnectionOptions
    do throws(PostgresError) {
      options = try ConnectionOptions(
        settings.connection.text, applicationName: "rollcall init", readWrite: settings.applies)
    } catch {
      throw .database(error)
    }
    let database = Database(options)
    defer { database.close() }
    let facts = try await TableReader(database: database).read(try await tableName(database))
    let role = try await role(database, facts)
    do throws(PostgresError) {
      wishes.connection = try ConnectionOptions.shown(settings.connection.text, user: role)
    } catch {
      throw .database(error)
    }
    do {
      let session = try await openDirectory()
      defer { session.close() }
      var picture = try await DirectorySurveyor(session: session).survey()
      await chooseBase(picture)
      var proposal = Proposal(facts, picture, wishes)
      if proposal.text != nil, picture.kind == .openldap {
        try await completeSlapd(&proposal, facts, &picture)
      } else {
        tellMissing(proposal)
      }
      for line in proposal.shortcomings { onLine?("error: \(line)") }
      guard let text = proposal.text else { return nil }
      try await completeRole(DaemonRole(database: database, role: role), facts)
      await verify(text, options, picture)
      return text
    } catch let error as EngineError {
      throw error
    } catch let error as LDAPError {
      throw .directory(error)
    } catch {
      throw .refused("\(error)")
    }
  }

  // MARK: Source

  private func tableName(_ database: Database) async throws(EngineError) -> QualifiedName {
    var text = settings.table
    if text == nil, let onQuestion {
      let candidates = try await TableReader(database: database).candidates()
      let list = candidates.isEmpty ? "" : " (\(candidates.joined(separator: ", ")))"
      text = await onQuestion("The table of people\(list)", candidates.first, false)
    }
    guard let text, !text.isEmpty else { throw .refused("name the table of people: --table NAME") }
    do throws(QualifiedName.Invalid) { return try QualifiedName(parsing: text) } catch {
      throw .refused("--table \(text): the name \(error)")
    }
  }

  /// The daemon's role: who owns the tables, or may do anything, is not what a daemon should be.
  private func role(_ database: Database, _ facts: TableFacts) async throws(EngineError) -> String {
    if let role = settings.role { return role }
    let found = try await database.query(
      """
      SELECT session_user, r.rolsuper OR pg_has_role(session_user, c.relowner, 'USAGE')
      FROM pg_roles r, pg_class c WHERE r.rolname = session_user AND c.oid = $1::regclass
      """, [facts.table])
    return found.bool(0, 1) ? "rollcall" : found.text(0, 0) ?? "rollcall"
  }

  // MARK: Directory

  /// Reads as the account, where its password is known, else as the socket's user or as nobody.
  private func openDirectory() async throws(LDAPError) -> LDAPSession {
    var options = LDAPOptions(url: wishes.url)
    options.startTLS = wishes.startTLS
    options.caFile = wishes.ca
    if wishes.external {
      options.bind = .external
    } else if let dn = wishes.bindDN, let password = await password(for: dn) {
      options.bind = .simple(dn: dn, password: BindPassword(password.bytes))
      do throws(LDAPError) { return try await LDAPSession.open(options) } catch {
        // An account that is still to be made cannot bind.
        guard settings.applies, error.code == .invalidCredentials || error.code == .noSuchObject else { throw error }
        options.bind = .anonymous
      }
    } else if wishes.url.lowercased().hasPrefix("ldapi:") {
      options.bind = .external
      if let session = try? await LDAPSession.open(options) { return session }
      options.bind = .anonymous
    }
    return try await LDAPSession.open(options)
  }

  /// The account's password: from the file, or from the environment, or from a person.
  private func password(for dn: String) async -> Secret? {
    if let known = knownPassword { return known }
    guard let text = await onQuestion?("Password of \(dn) (empty: read as nobody)", nil, true), !text.isEmpty else {
      return nil
    }
    return Secret(text)
  }

  var knownPassword: Secret? {
    if let path = passwordPath {
      guard var bytes = try? UnreadableFile.read(path) else { return nil }
      if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
      return bytes.isEmpty ? nil : Secret(bytes: bytes)
    }
    return settings.environment[wishes.passwordVariable].flatMap { $0.isEmpty ? nil : Secret($0) }
  }

  /// The file with the password, its variables replaced.
  var passwordPath: String? {
    guard let file = wishes.passwordFile else { return nil }
    return (try? EnvironmentSubstitution(environment: settings.environment).apply(to: file))?.text
  }

  /// Asks for the base where several places have people.
  private func chooseBase(_ picture: DirectoryPicture) async {
    guard wishes.base == nil, picture.people.count > 1, let onQuestion else { return }
    let proposed = PlaceProposal(picture: picture, wishes: wishes).base?.dn.text
    let list = picture.people.prefix(10).map { "\($0.dn.text): \($0.count)" }.joined(separator: "; ")
    wishes.base = await onQuestion("The entry below which people are (\(list))", proposed, false)
  }

  /// What a server needs whose configuration is not looked at here.
  func tellMissing(_ proposal: Proposal) {
    guard let base = proposal.base else { return }
    if !proposal.baseExists {
      missing("\(base.text) does not exist, or this account may not read it: make the entry (page Servers)")
    }
    if let account = proposal.account, wishes.bindDN == nil {
      onLine?("to do: the account \(account) must exist, and may read and write below \(base.text) (page Servers)")
    }
  }

  func missing(_ line: String) {
    isComplete = false
    onLine?("missing: \(line)")
  }
}
