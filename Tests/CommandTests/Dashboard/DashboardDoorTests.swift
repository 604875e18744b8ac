import Foundation
import Glibc
import Sandbox
import Testing

/// Who gets in, and what is turned away. The tests share one dashboard.
@Suite(.serialized) struct DashboardDoorTests {
  private static let shared = Task { () async throws -> DashboardSite in
    let site = try await House.shared.site()
    try await site.install()
    let viewer = try await site.viewer()
    return try await DashboardSite.start(of: site, viewer: viewer)
  }

  private func dashboard() async throws -> DashboardSite { try await Self.shared.value }

  @Test(arguments: [
    "/", "/waiting", "/people/17", "/people", "/history", "/health", "/nothing", "/metrics/x", "/logout",
  ])
  func withoutASessionNoPageShows(path: String) async throws {
    let reply = try await dashboard().get(path)
    #expect(reply.status == 303)
    #expect(reply["location"]?.hasPrefix("/login") == true)
    #expect(reply.body.isEmpty)
    let cookie = "rollcall_\(try await dashboard().port)=\(String(repeating: "0", count: 64))"
    let guessed = try await dashboard().get(path, ["Cookie": cookie])
    #expect(guessed.status == 303)
  }

  @Test("After the login the browser is where it wanted to go, with the filters of the address")
  func theWayIsKept() async throws {
    let dashboard = try await dashboard()
    let reply = try await dashboard.get("/people/17?directory=second&x=a%26b")
    #expect(reply["location"] == "/login?next=%2Fpeople%2F17%3Fdirectory%3Dsecond%26x%3Da%2526b")
    let form = try await dashboard.get(reply["location"] ?? "")
    #expect(form.body.contains(#"name="next" value="/people/17?directory=second&amp;x=a%26b""#))
    let next = "/people/17?directory=second&x=a%26b"
    let entered = try await dashboard.post("/login", ["token": dashboard.token, "next": next])
    #expect(entered.status == 303 && entered["location"] == next)
  }

  @Test("That PostgreSQL refuses to show the metrics is not told as a database that is down")
  func metricsThatMayNotBeRead() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let viewer = try await site.viewer()
    let dashboard = try await DashboardSite.start(of: site, viewer: viewer)
    #expect(try await dashboard.get("/metrics").status == 200)
    try await site.sql("REVOKE rollcall_auditor FROM \(viewer)")
    let reply = try await soon("the metrics are refused") {
      try await dashboard.get("/metrics")
    } is: {
      $0.status != 200
    }
    #expect(reply.status == 500 && !reply.body.contains("rollcall_database_up"))
    let printed = try dashboard.process.printed()
    #expect(printed.contains("rollcall-dashboard: the metrics cannot be read: "), "\(printed)")
    await dashboard.process.stop()
  }

  @Test func healthNeedsNoSessionAndNoHost() async throws {
    let reply = try await dashboard().get("/healthz", ["Host": "anything.example"])
    #expect(reply.status == 200 && reply.body == "ok\n")
  }

  @Test func metricsNeedNoSessionAndNameNobody() async throws {
    let dashboard = try await dashboard()
    let reply = try await dashboard.get("/metrics")
    #expect(reply.status == 200 && reply["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(reply.body.hasPrefix("# HELP rollcall_"))
    #expect(try await dashboard.get("/metrics", ["Host": "evil.example"]).status == 421)
    // Whoever asks again and again costs the database one look a second.
    let before = ContinuousClock.now
    for _ in 0..<50 { #expect(try await dashboard.get("/metrics").status == 200) }
    #expect(ContinuousClock.now - before < .seconds(30))
  }

  @Test func everyResponseIsProtected() async throws {
    let dashboard = try await dashboard()
    let replies = [
      try await dashboard.get("/healthz"), try await dashboard.get("/"), try await dashboard.get("/login"),
      try await dashboard.get("/%zz"), try await dashboard.get("/", ["Host": "evil.example"]),
      try await dashboard.post("/waiting/release", [:]), try await dashboard.request("DELETE", "/"),
      try await dashboard.loggedIn().get("/"),
    ]
    for reply in replies {
      #expect(
        reply["content-security-policy"]
          == "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
      )
      #expect(reply["x-content-type-options"] == "nosniff" && reply["referrer-policy"] == "no-referrer")
      #expect(reply["x-frame-options"] == "DENY" && reply["cache-control"] == "no-store")
      #expect(!reply.body.contains("<script>") && !reply.body.contains(" style=") && !reply.body.contains(" onclick"))
    }
    #expect(replies[6].status == 405)
  }

  @Test func aWrongTokenOpensNothing() async throws {
    let dashboard = try await dashboard()
    for token in ["", "wrong", String(dashboard.token.dropLast()), dashboard.token + "0", dashboard.token.uppercased()]
    {
      let reply = try await dashboard.post("/login", ["token": token])
      #expect(reply.status == 403 && reply["set-cookie"] == nil, "\(token)")
    }
  }

  @Test func theCookieIsForThisServerAlone() async throws {
    let dashboard = try await dashboard()
    let reply = try await dashboard.post("/login", ["token": dashboard.token, "next": "/waiting"])
    #expect(reply.status == 303 && reply["location"] == "/waiting")
    let parts = Set((reply["set-cookie"] ?? "").components(separatedBy: "; ").dropFirst())
    #expect(parts == ["Max-Age=43200", "Path=/", "HttpOnly", "SameSite=Strict"])
    let form = #/rollcall_\d+=[0-9a-f]{64}/#
    #expect(try form.prefixMatch(in: reply["set-cookie"] ?? "") != nil)
    // A second cookie of the name was set by somebody else.
    let session = try await dashboard.loggedIn()
    #expect(try await session.get("/").status == 200)
    #expect(try await session.get("/", ["Cookie": "\(session.cookie); \(session.cookie)"]).status == 303)
    #expect(try await session.get("/login").status == 303)
  }

  @Test(arguments: [
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "/a\r\nX: y",
  ])
  func loggingInLeadsNowhereElse(next: String) async throws {
    let dashboard = try await dashboard()
    let reply = try await dashboard.post("/login", ["token": dashboard.token, "next": next])
    #expect(reply.status == 303 && reply["location"] == "/" && reply["x"] == nil)
  }

  @Test(arguments: [
    ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "none"],
    ["Sec-Fetch-Site": ""], ["Sec-Fetch-Site": "", "Origin": "http://evil.example"],
    ["Sec-Fetch-Site": "", "Origin": "null"], ["Origin": "http://evil.example"],
    ["Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:1"],
  ])
  func aFormOfAnotherSiteIsRefused(headers: [String: String]) async throws {
    let dashboard = try await dashboard()
    let reply = try await dashboard.post("/login", ["token": dashboard.token], headers)
    #expect(reply.status == 403 && reply["set-cookie"] == nil)
  }

  @Test func anOlderBrowserSaysTheOrigin() async throws {
    let dashboard = try await dashboard()
    let headers = ["Sec-Fetch-Site": "", "Origin": "http://\(dashboard.host)"]
    #expect(try await dashboard.post("/login", ["token": dashboard.token], headers).status == 303)
  }

  @Test(arguments: ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "[::1]:80", "127.0.0.1:0x50", ""])
  func aForeignHostIsRefused(host: String) async throws {
    let dashboard = try await dashboard().loggedIn()
    // An empty value leaves the header out.
    let reply = try await dashboard.get("/", ["Host": host])
    #expect([400, 421].contains(reply.status) && !reply.body.contains("<table"))
    let twice = try await RawConnection.exchange(
      port: dashboard.port,
      "GET / HTTP/1.1\r\nHost: \(dashboard.host)\r\nHost: \(host)\r\nCookie: \(dashboard.cookie)\r\n"
        + "Connection: close\r\n\r\n")
    #expect(twice.map { [400, 421].contains($0.status) } ?? true)
    #expect(try await dashboard.get("/", ["Host": "localhost:\(dashboard.port)"]).status == 200)
  }

  @Test(arguments: [
    "/../etc/passwd", "/people/../../etc/passwd", "/people/%2e%2e", "/people/%2E%2E/%2e%2e/x", "//people/17",
    "/people//",
    "/people/%00", "/people/17%00.css", "/people/%ff", "/people/%", "/people/%zz", "/assets/../style.css",
    "/assets/%2e%2e%2fstyle.css", "/assets/nothing.css", "/people/17/", "/people/17/18", "/%2e", "/login/..", "/?a=%zz",
    "/" + String(repeating: "a", count: 5000), "http://evil.example/",
  ])
  func pathTricksFindNothing(path: String) async throws {
    let dashboard = try await dashboard().loggedIn()
    let reply = try await dashboard.get(path)
    #expect([400, 404].contains(reply.status) || path.hasPrefix("http://"), "\(reply.status)")
    #expect(!reply.body.contains("root:"))
  }

  @Test func aFormNeedsItsTokenAndActionsTheirOption() async throws {
    let dashboard = try await dashboard().loggedIn()
    for fields in [[:], ["form": ""], ["form": String(repeating: "0", count: 64)]] {
      let reply = try await dashboard.post("/people/pin", fields.merging(["directory": "x", "key": "1"]) { $1 })
      #expect(reply.status == 403 && reply.body.contains("another session"))
    }
    // With a GET nothing is done, whatever it names.
    #expect(try await dashboard.get("/people/pin?key=1&because=x").status != 303)
    #expect(try await dashboard.get("/waiting/release?set=1").status == 404)
  }

  @Test func whatIsTooLargeIsCutShort() async throws {
    let dashboard = try await dashboard()
    let port = dashboard.port
    let host = dashboard.host
    // 25 MB of headers.
    let headers = try await RawConnection.apart { () -> (sent: Int, text: String) in
      let connection = try RawConnection(port: port)
      connection.send(Array("GET / HTTP/1.1\r\nHost: \(host)\r\n".utf8))
      var sent = 0
      let line = Array("X-Long: \(String(repeating: "a", count: 8000))\r\n".utf8)
      while sent < 25_000_000 {
        let count = connection.send(line)
        sent += count
        if count < line.count { break }
      }
      return (sent, sent < 25_000_000 ? "" : connection.readToEnd())
    }
    #expect(headers.sent < 25_000_000 || headers.text.isEmpty || headers.text.hasPrefix("HTTP/1.1 400"))
    // One header of 1 MB, and ten thousand small ones.
    for text in ["X: \(String(repeating: "a", count: 1_000_000))\r\n", String(repeating: "X: a\r\n", count: 10_000)] {
      let reply = try await RawConnection.exchange(port: port, "GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\(text)\r\n")
      #expect(reply.map { $0.status >= 400 } ?? true)
    }
    // A body of 1 GB, announced and not.
    for length in ["Content-Length: 1000000000", "Transfer-Encoding: chunked"] {
      let sent = try await RawConnection.apart { () -> Int in
        let connection = try RawConnection(port: port)
        connection.send(
          Array("POST /login HTTP/1.1\r\nHost: \(host)\r\nSec-Fetch-Site: same-origin\r\n\(length)\r\n\r\n".utf8))
        var chunk = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        if length.hasPrefix("Transfer") { chunk = Array("100000\r\n".utf8) + chunk + Array("\r\n".utf8) }
        var sent = 0
        while sent < 1_000_000_000 {
          let count = connection.send(chunk)
          sent += count
          if count < chunk.count { break }
        }
        return sent
      }
      #expect(sent < 1_000_000_000, "\(length)")
    }
    let small = try await dashboard.request(
      "POST", "/login", ["Sec-Fetch-Site": "same-origin"], body: "token=" + String(repeating: "a", count: 70_000))
    #expect(small.status == 413)
    #expect(try await dashboard.get("/healthz").status == 200)
    let most = try dashboard.memory().most
    #expect(most < 100)
  }

  @Test func halfOpenConnectionsHoldNobodyUp() async throws {
    let dashboard = try await dashboard()
    let port = dashboard.port
    let connections = try await RawConnection.apart {
      try (0..<200).map { number in
        let connection = try RawConnection(port: port)
        // Nothing, a part of the head, and a head whose body does not come.
        switch number % 3 {
        case 0: break
        case 1: connection.send(Array("GET / HTTP/1.1\r\nHost: ".utf8))
        default:
          connection.send(
            Array("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ntoken".utf8))
        }
        return connection
      }
    }
    let began = ContinuousClock.now
    #expect(try await dashboard.get("/healthz").status == 200)
    #expect(ContinuousClock.now - began < .seconds(5))
    let most = try dashboard.memory().most
    #expect(most < 100)
    // And they are closed before long.
    let text = try await RawConnection.apart { connections.map { $0.readToEnd() } }
    #expect(text.count == 200)
  }
}
