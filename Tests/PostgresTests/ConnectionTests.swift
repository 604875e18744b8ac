import Postgres
import Reactor
import Sandbox
import Testing

@Suite struct ConnectionTests {
  @Test func notificationsArriveAndCarryTheirPayload() async throws {
    let heard = try await withConnection { connection -> [Notification] in
      var heard: [Notification] = []
      connection.onNotification = { heard.append($0) }
      try await connection.script("LISTEN here")
      try await PostgresServerOfTests.shared.psql(
        "NOTIFY here, 'one'; NOTIFY there, 'no'; NOTIFY here, 'two'")
      try await eventually("both are heard") { heard.count >= 2 }
      return heard
    }
    #expect(heard.map(\.payload) == ["one", "two"] && heard.allSatisfy { $0.channel == "here" })
  }

  @Test func aTerminatedBackendFailsWhatWaitsAndSaysSo() async throws {
    try await withConnection { connection in
      var closed: PostgresError?
      connection.onClose = { closed = $0 }
      let waiting = Task(executorPreference: Reactor.loop) {
        try await connection.query("SELECT pg_sleep(60)")
      }
      let pid = connection.backendID
      try await PostgresServerOfTests.shared.psql("SELECT pg_terminate_backend(\(pid))")
      let error = await #expect(throws: PostgresError.self) { try await waiting.value }
      #expect(error?.isConnectionLost == true)
      #expect(closed != nil && !connection.isUsable)
      let later = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      #expect(later?.isConnectionLost == true)
    }
  }

  @Test func aStatementPastItsDeadlineGivesTheConnectionUp() async throws {
    try await withConnection { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT pg_sleep(60)", timeout: .milliseconds(100))
      }
      #expect(error?.kind == .timeout && !connection.isUsable)
    }
  }

  @Test func aWrongPasswordIsToldWithoutThePassword() async throws {
    let server = try await PostgresServerOfTests.shared
    let conninfo = server.conninfo(user: "secretive", password: "wrong-S3cret")
    let error = await #expect(throws: PostgresError.self) {
      try await Reactor.run {
        _ = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "test"))
      }
    }
    let text = try #require(error?.description)
    #expect(text.contains("password authentication failed for user \"secretive\""))
    #expect(!text.contains("S3cret"))
  }

  @Test func theRightPasswordConnects() async throws {
    let server = try await PostgresServerOfTests.shared
    let conninfo = server.conninfo(user: "secretive", password: "correct horse")
    let user = try await Reactor.run {
      let connection = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "test"))
      defer { connection.close() }
      return try await connection.query("SELECT current_user").text(0, 0)
    }
    #expect(user == "secretive")
  }

  @Test func aMalformedConnectionStringIsNotRepeated() throws {
    let error = #expect(throws: PostgresError.self) {
      try ConnectionOptions("host=h password=S3cret extra", applicationName: "test")
    }
    #expect(error?.description.contains("S3cret") == false)
    #expect(error?.description.contains("connection string") == true)
  }

  /// A password whose special characters were not escaped makes a URI mean something else: another host, port,
  /// database or parameter. Nothing of it is named in an error, whether it is refused here or only by libpq.
  @Test(arguments: [
    "postgresql://u:Hid@Den@127.0.0.1:1/db", "postgresql://u:Hid/Den@127.0.0.1:1/db",
    "postgres://u:12/Hid@127.0.0.1:1/db", "postgresql://u:Hid@Den/Wor@127.0.0.1:1/db",
    "postgresql://u:Hid?Den@Wor@127.0.0.1:1/db", "postgresql://u:12/a?Hid=Den@127.0.0.1:1/db",
    "postgresql://u:12/a?sslmode=Hid@127.0.0.1:1/db", "postgresql://u:12/a?Hid@127.0.0.1:1/db",
    "postgresql://u:%Hid@127.0.0.1:1/db", "postgresql://u:Hid:Den@Wor:1/db",
    "postgresql://u:Hid#Den@Wor:1@127.0.0.1/db",
    "postgresql://u:Hid@[::1", "host=127.0.0.1 port=1 password=Hid Den", "host=127.0.0.1 password=Hid Den=Wor",
    "host=127.0.0.1 port=1 password='Hid Den", "host=127.0.0.1 port=1 password=HidDenWord",
    "postgresql://u:HidDenWord@127.0.0.1:1/db", "Hid", "postgresql://u:Hid@127.0.0.1:Den@1/db",
  ])
  func noPartOfAPasswordShows(_ text: String) async throws {
    try await Reactor.run {
      var shown = ""
      do throws(PostgresError) {
        _ = try await PostgresConnection.open(
          try ConnectionOptions(text, applicationName: "test"), timeout: .seconds(5))
      } catch {
        shown = "\(error) \(error.message) \(error.detail ?? "")"
      }
      #expect(!shown.isEmpty)
      for part in ["Hid", "Den"] { #expect(!shown.contains(part), "\(shown)") }
    }
  }

  @Test(arguments: [
    "postgresql://u:p%40ss%2Fw@db.example:5432,other:5433/db?sslmode=verify-full", "postgresql://", "postgres:///db",
    "postgresql://u@[::1]:5432/db", "postgresql:///db?host=@abstract,/run/postgresql&user=me@service",
    "postgresql://%2Frun%2Fpostgresql/db", "host=x password=a@b user=c@d",
  ])
  func whatIsWellFormedIsTaken(_ text: String) throws {
    #expect(throws: Never.self) { try ConnectionOptions(text, applicationName: "test") }
  }

  @Test func keepalivesAreSetUnlessTheUserSetsThem() throws {
    let options = try ConnectionOptions("host=h keepalives_idle=99", applicationName: "test")
    #expect(options["keepalives_idle"] == "99" && options["tcp_user_timeout"] == "10000")
    #expect(options["target_session_attrs"] == "read-write" && options["gssencmode"] == "disable")
    let uri = try ConnectionOptions("postgresql://u@h/db?connect_timeout=2", applicationName: "test")
    #expect(uri["connect_timeout"] == "2" && uri["dbname"] == "db")
  }

  @Test func settingsHoldFromTheStartAndWinOverTheConnectionString() async throws {
    let server = try await PostgresServerOfTests.shared
    let conninfo = server.conninfo(settings: ["options": "-c search_path=public -c work_mem=7MB"])
    let found = try await Reactor.run {
      let options = try ConnectionOptions(conninfo, applicationName: "test")
        .settings([("search_path", "pg_catalog, \"a \\b\", pg_temp"), ("statement_timeout", "4321")])
      let connection = try await PostgresConnection.open(options)
      defer { connection.close() }
      // What RESET goes back to was there before the first statement.
      let result = try await connection.query(
        "SELECT reset_val, source FROM pg_settings WHERE name = ANY ('{search_path,statement_timeout,work_mem}') ORDER BY name"
      )
      return (0..<3).map { "\(result.text($0, 0) ?? "") \(result.text($0, 1) ?? "")" }
    }
    #expect(found == [#"pg_catalog, "a \b", pg_temp client"#, "4321 client", "7168 client"])
  }

  @Test func aMuteServerHasADeadline() async throws {
    let server = try await PostgresServerOfTests.shared
    let proxy = try await TCPProxy.start(to: server.port)
    await proxy.swallow()
    let conninfo = server.conninfo(port: proxy.port)
    let error = await #expect(throws: PostgresError.self) {
      try await Reactor.run {
        _ = try await PostgresConnection.open(
          ConnectionOptions(conninfo, applicationName: "test"), timeout: .milliseconds(300))
      }
    }
    #expect(error?.isConnectionLost == true)
    await proxy.stop()
  }
}
