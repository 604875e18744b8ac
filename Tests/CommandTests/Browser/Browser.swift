import Foundation
import Sandbox
import Testing

/// Chromium, driven as the W3C's WebDriver protocol has it: JSON over HTTP to `chromedriver`.
struct Browser: Sendable {
  private let driver: ChildProcess
  private let port: Int
  private let session: String

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Starts both programs.
  ///
  /// - Parameter width: of the window, in pixels.
  static func start(in folder: TemporaryFolder, width: Int = 1280, height: Int = 900) async throws -> Browser {
    let port = try FreePort.next()
    let driver = try await ChildProcess.start(
      "/usr/bin/chromedriver", ["--port=\(port)"], name: "chromedriver", in: folder)
    do {
      try await soon("chromedriver is ready") {
        try await exchange(port, "GET", "/status", nil).contains(#""ready":true"#)
      }
      let options =
        "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-extensions "
        + "--disable-background-networking --window-size=\(width),\(height) --user-data-dir=\(folder.path)/chromium-\(port)"
      let arguments = options.split(separator: " ").map { quoted(String($0)) }.joined(separator: ",")
      let answer = try await value(
        of: Made.self, port, "POST", "/session",
        """
        {"capabilities":{"alwaysMatch":{"browserName":"chrome","goog:loggingPrefs":{"browser":"ALL"},
        "goog:chromeOptions":{"args":[\(arguments)]}}}}
        """)
      return Browser(driver: driver, port: port, session: answer.sessionId)
    } catch {
      _ = try? await driver.kill()
      throw error
    }
  }

  /// Ends both.
  func quit() async throws {
    _ = try? await Browser.exchange(port, "DELETE", "/session/\(session)", nil)
    // Whatever the browser has left behind goes with the driver.
    try await driver.kill()
  }

  // MARK: Pages

  func open(_ address: String) async throws { try await send("/url", #"{"url":\#(Browser.quoted(address))}"#) }

  func title() async throws -> String { try await get(String.self, "/title") }

  func path() async throws -> String {
    let address = try await get(String.self, "/url")
    return address.split(separator: "/", maxSplits: 2).dropFirst(2).first.map { "/\($0)" } ?? "/"
  }

  /// What a script returns, as text.
  func script(_ body: String) async throws -> String {
    try await Browser.value(
      of: String.self, port, "POST", "/session/\(session)/execute/sync",
      #"{"script":\#(Browser.quoted("return String((() => { \(body) })())")),"args":[]}"#)
  }

  /// The text of the first element that a selector finds, as it is seen.
  func text(_ selector: String) async throws -> String { try await get(String.self, "/element/\(find(selector))/text") }

  func count(_ selector: String) async throws -> Int {
    Int(try await script("return document.querySelectorAll(\(Browser.quoted(selector))).length")) ?? -1
  }

  func click(_ selector: String) async throws { try await send("/element/\(find(selector))/click", "{}") }

  func type(_ text: String, into selector: String) async throws {
    try await send("/element/\(find(selector))/value", #"{"text":\#(Browser.quoted(text))}"#)
  }

  /// A picture of the whole page.
  func picture(to file: String, width: Int = 1280, isDark: Bool = false) async throws {
    try await chrome(
      "Emulation.setEmulatedMedia",
      #"{"features":[{"name":"prefers-color-scheme","value":"\#(isDark ? "dark" : "light")"}]}"#)
    try await chrome(
      "Emulation.setDeviceMetricsOverride", #"{"width":\#(width),"height":800,"deviceScaleFactor":1,"mobile":false}"#)
    let height = min(4000, max(400, Int(try await script("return document.documentElement.scrollHeight")) ?? 800))
    try await chrome(
      "Emulation.setDeviceMetricsOverride",
      #"{"width":\#(width),"height":\#(height),"deviceScaleFactor":1,"mobile":false}"#)
    let encoded = try await get(String.self, "/screenshot")
    try await chrome("Emulation.clearDeviceMetricsOverride", "{}")
    let picture = try #require(Data(base64Encoded: encoded))
    try FileManager.default.createDirectory(
      at: URL(filePath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try picture.write(to: URL(filePath: file))
  }

  /// What has come to the console since the last look.
  func console() async throws -> [String] {
    struct Entry: Decodable {
      var level: String
      var message: String
    }
    return try await Browser.value(
      of: [Entry].self, port, "POST", "/session/\(session)/se/log", #"{"type":"browser"}"#
    ).map { "\($0.level): \($0.message)" }
  }

  // MARK: The protocol

  private struct Made: Decodable {
    var sessionId: String
  }

  private struct Answer<Value: Decodable>: Decodable {
    var value: Value
  }

  private struct Refusal: Decodable {
    var error: String
    var message: String
  }

  /// The first element that a selector finds; waits until there is one.
  private func find(_ selector: String) async throws -> String {
    try await soon("\(selector) is there") {
      let found = try await Browser.value(
        of: [String: String].self, port, "POST", "/session/\(session)/element",
        #"{"using":"css selector","value":\#(Browser.quoted(selector))}"#)
      return found.values.first ?? ""
    } is: {
      !$0.isEmpty
    }
  }

  private func get<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
    try await Browser.value(of: type, port, "GET", "/session/\(session)\(path)", nil)
  }

  func send(_ path: String, _ body: String) async throws {
    _ = try await Browser.value(of: String?.self, port, "POST", "/session/\(session)\(path)", body)
  }

  /// A command of Chromium's own.
  func chrome(_ command: String, _ parameters: String) async throws {
    _ = try await Browser.checked(
      port, "POST", "/session/\(session)/goog/cdp/execute", #"{"cmd":"\#(command)","params":\#(parameters)}"#)
  }

  private static func value<Value: Decodable>(
    of type: Value.Type, _ port: Int, _ method: String, _ path: String, _ body: String?
  ) async throws -> Value {
    try JSONDecoder().decode(Answer<Value>.self, from: Data(try await checked(port, method, path, body).utf8)).value
  }

  private static func checked(_ port: Int, _ method: String, _ path: String, _ body: String?) async throws -> String {
    let answer = try await exchange(port, method, path, body)
    if let refusal = try? JSONDecoder().decode(Answer<Refusal>.self, from: Data(answer.utf8)).value {
      throw Failure(description: "\(method) \(path): \(refusal.error): \(refusal.message.prefix(300))")
    }
    return answer
  }

  private static func exchange(_ port: Int, _ method: String, _ path: String, _ body: String?) async throws -> String {
    let length = body.map { "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n" } ?? ""
    let text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(length)\r\n\(body ?? "")"
    let reply = try await RawConnection.apart {
      let connection = try RawConnection(port: port)
      connection.send(Array(text.utf8))
      return Reply(parsing: connection.readResponse())
    }
    guard let reply else { throw Failure(description: "\(method) \(path): no response") }
    return reply.body
  }

  static func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
