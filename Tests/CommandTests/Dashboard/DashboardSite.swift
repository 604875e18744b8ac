import Foundation
import Sandbox
import Testing

/// A dashboard that runs, as a browser sees it.
struct DashboardSite: Sendable {
  let process: ChildProcess
  let port: Int
  let token: String
  /// `rollcall_8473=…`, once logged in.
  var cookie = ""
  var formToken = ""

  static let program = Rollcall.program + "-dashboard"
  static let fixedToken = "a-token-that-is-long-enough-for-tests"

  /// Starts one on a free port and waits until it listens.
  static func start(
    _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) async throws -> DashboardSite {
    let name = "dashboard-\(UInt32.random(in: 0 ... .max))"
    let process = try await ChildProcess.start(
      program, ["--listen", "127.0.0.1:0"] + arguments, name: name, in: folder, environment: environment)
    let port = try await soon("the dashboard listens") { () -> Int? in
      let text = try process.printed()
      if process.hasEnded { return 0 }
      return try #/listening on http://127\.0\.0\.1:(\d+)/\n/#.firstMatch(in: text).flatMap { Int($0.1) }
    } is: {
      $0 != nil
    }
    try #require(port != 0, "\((try? process.printed()) ?? "")")
    let printed = try await soon("the token, where it is printed") {
      arguments.contains("--token-file")
        ? "" : try #/token ([0-9a-f]{64})\n/#.firstMatch(in: try process.printed()).map { String($0.1) }
    } is: {
      $0 != nil
    }
    let token = printed.flatMap { $0.isEmpty ? nil : $0 } ?? fixedToken
    return DashboardSite(process: process, port: port ?? 0, token: token)
  }

  /// One of a site, as a role that may read and ask.
  static func start(
    of site: Site, viewer: String, _ arguments: [String] = []
  ) async throws -> DashboardSite {
    let connection = "host=127.0.0.1 port=\(site.postgres.port) dbname=\(site.name) user=\(viewer)"
    return try await start(["--connection", connection] + arguments, in: site.folder)
  }

  var host: String { "127.0.0.1:\(port)" }

  // MARK: Requests

  /// - Parameters:
  ///   - headers: besides Host, Cookie and Connection, which they replace.
  func request(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
  ) async throws -> Reply {
    var all = ["Host": host, "Connection": "close"]
    if !cookie.isEmpty { all["Cookie"] = cookie }
    if let body {
      all["Content-Type"] = "application/x-www-form-urlencoded"
      all["Content-Length"] = "\(body.utf8.count)"
    }
    all.merge(headers) { $1 }
    let lines = all.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }.joined()
    let reply = try await RawConnection.exchange(port: port, "\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")")
    return try #require(reply, "\(method) \(path): no response")
  }

  func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Reply {
    try await request("GET", path, headers)
  }

  /// Sends a form as a page of this server does.
  func post(_ path: String, _ fields: [String: String], _ headers: [String: String] = [:]) async throws -> Reply {
    var unreserved = CharacterSet.alphanumerics
    unreserved.insert(charactersIn: "-._~")
    let body = fields.map { name, value in
      "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "")"
    }.joined(separator: "&")
    return try await request("POST", path, ["Sec-Fetch-Site": "same-origin"].merging(headers) { $1 }, body: body)
  }

  /// Logs in; further requests are of this session.
  func loggedIn() async throws -> DashboardSite {
    let reply = try await post("/login", ["token": token])
    #expect(reply.status == 303, "\(reply.body)")
    var site = self
    site.cookie = String(try #require(reply["set-cookie"]?.split(separator: ";").first))
    return site
  }

  /// With the token of the session's forms, as the page of a person has it.
  func withForms(_ directory: String) async throws -> DashboardSite {
    let page = try await get("/people/1?directory=\(directory)")
    var site = self
    site.formToken = String(
      try #require(try #/name="form" value="([0-9a-f]{64})"/#.firstMatch(in: page.body), "\(page.body)").1)
    return site
  }

  /// Sends a form with that token.
  func act(_ path: String, _ fields: [String: String]) async throws -> Reply {
    try await post(path, fields.merging(["form": formToken]) { $1 })
  }

  /// Resident memory in MB: now, and the most so far.
  func memory() throws -> (now: Int, most: Int) {
    let status = try Readable.text(of: "/proc/\(process.pid)/status")
    func field(_ name: String) -> Int {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      return (line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0) / 1024
    }
    return (field("VmRSS:"), field("VmHWM:"))
  }
}
