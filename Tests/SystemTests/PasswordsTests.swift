import LDAP
import LDAPModel
import Logging
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Synchronization
import Testing

@testable import RollcallAdministration

/// First passwords and other values that are set once.
@Suite struct PasswordsTests {
  /// `secret` in a hash that slapd knows.
  private static let hashed = "{SSHA}SWdNwI9zrKBmRo5SG0mvNQtpZnhhYmNkZWZnaA=="

  private func site(_ users: String = "") async throws -> Site {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text; ALTER TABLE users ADD room text;"
    settings.users += "\n  password: first_password\n  create_only: { roomNumber: room }\(users)"
    return try await World.shared.site(settings)
  }

  @Test func passwordsAreSetOnceAsTheyAre() async throws {
    let site = try await site()
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', now(), '\(PasswordsTests.hashed)', '12'),
        (2, 'ben', 'x', 'Ben', 'active', now(), 'plain words', NULL), (3, 'cid', 'x', 'Cid', 'left', now(), 'pw', '3'),
        (4, 'dan', 'x', 'Dan', 'active', now(), NULL, NULL)
      """)
    let ldif = try await site.plan().plan.sequences.flatMap(\.steps).map { LDIF.change($0.operation) }
      .joined()
    #expect(ldif.contains("userPassword: ***") && !ldif.contains("plain words") && !ldif.contains("SSHA"))
    try await site.sync()
    #expect(try await site.value("userPassword", of: "1") == PasswordsTests.hashed)
    #expect(try await site.canBind("ann", "secret"))
    #expect(try await site.canBind("ben", "plain words"))
    #expect(try await !site.canBind("ben", "Plain words"))
    #expect(try await site.value("userPassword", of: "3") == "pw")
    #expect(try await site.value("userPassword", of: "4") == nil)
    try await site.expectInStep()

    // Never again: not when the column changes, not when the person has changed it, not when it is renamed.
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: userPassword\nuserPassword: my own\n"
        + "-\nreplace: roomNumber\nroomNumber: 99\n")
    try await site.sql("UPDATE users SET first_password = 'other', room = '1', username = username || 'x'")
    #expect(try await site.sync(full: true).applied == 4)
    #expect(try await site.canBind("annx", "my own"))
    #expect(try await site.canBind("benx", "plain words"))
    #expect(try await site.value("roomNumber", of: "1") == "99")
    #expect(try await site.value("roomNumber", of: "2") == nil)
    try await site.expectInStep()
    #expect(try await site.sync(full: true).applied == 0)
  }

  @Test("G11: a password is in no message") func aPasswordIsInNoMessage() async throws {
    let sink = LogSink()
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text;"
    // A cast that fails quotes the value in PostgreSQL's message; so does the directory of what it refuses.
    settings.users +=
      "\n  password: \"CASE WHEN id = 1 THEN (first_password::int)::text ELSE first_password END\""
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', now(), 'top secret 1'),
        (2, 'ben', 'x', 'Ben', 'active', now(), 'top secret 2'), (3, 'cid', 'ümail', 'Cid', 'active', now(), 'top secret 3')
      """)
    try await site.sync(logger: sink.logger)
    #expect(try await site.parked() == ["1|mapping", "3|schema"])
    let messages = try await site.sql("SELECT message FROM rollcall.parked ORDER BY key")
    #expect(messages.contains("users.password"))
    #expect(!messages.contains("secret"))
    let plan = try await site.plan()
    #expect(!plan.parked.values.contains { $0.message.contains("secret") })
    #expect(!sink.text.contains("secret") && sink.text.contains("parked"))
  }

  @Test func anotherExpressionsFailureIsExplainedBesideAPassword() async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text; ALTER TABLE users ADD room text;"
    settings.users += "\n  password: first_password"
    settings.attributes += "\n    roomNumber: room::int"
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', now(), 'secret', 'attic')")
    try await site.sync()
    #expect(try await site.parked() == ["1|mapping"])
    #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("attic"))
  }
}

/// What is logged, as text.
final class LogSink: Sendable {
  private let lines = Lines()

  var text: String { lines.text }

  var logger: Logger {
    let lines = self.lines
    var logger = Logger(label: "rollcall") { _ in Handler(lines: lines) }
    logger.logLevel = .trace
    return logger
  }

  private final class Lines: Sendable {
    private let all = Mutex("")
    var text: String { all.withLock { $0 } }
    func add(_ line: String) { all.withLock { $0 += line + "\n" } }
  }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
      lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
  }
}

extension Site {
  /// Whether someone below the base can log in with a password.
  func canBind(_ name: String, _ password: String) async throws -> Bool {
    let directory = self.directory
    let dn = "uid=\(name),\(base)"
    return try await Reactor.run {
      var options = LDAPOptions(url: directory.url)
      options.bind = .simple(dn: dn, password: BindPassword(password))
      do throws(LDAPError) {
        try await LDAPSession.open(options).close()
        return true
      } catch {
        if error.code == .invalidCredentials { return false }
        throw error
      }
    }
  }
}
